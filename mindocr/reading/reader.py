"""From a photograph to its text, in three lines of code."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from mindocr.errors import DataError, UserError
from mindocr.images.crops import LineView, line_view
from mindocr.images.headers import Size
from mindocr.images.pages import DPI
from mindocr.images.read import LARGE_PIXELS, MAX_PIXELS, read_image
from mindocr.inference.bucketed import compile_graphs
from mindocr.inference.classifier import TextClassifier
from mindocr.inference.detector import TextDetector
from mindocr.inference.recogniser import TextRecogniser
from mindocr.inference.results import Result
from mindocr.inference.runner import given
from mindocr.inference.tiling import Choice
from mindocr.predictions.detection import Detection
from mindocr.predictions.text import Text
from mindocr.reading.order import reading_order
from mindocr.reading.page import LEVELS, Level, Line, Page, Word
from mindocr.reading.weights import DEFAULT, RELEASED, find_weights
from mindocr.reading.words import Span, characters_of, words_of
from mindocr.registry import suggest
from mindocr.utils.threads import map_ahead
from mindocr.utils.visualize import as_rgb

_GROUP = 8  # photographs whose lines are read together
_GROUP_PIXELS = 1 << 25  # pixels from which such a group is complete; 0.1 GB

_PARTS: dict[str, Callable[[Text, float], list[Span]]] = {"word": words_of, "character": characters_of}


class TextReader:
    """Finds and reads the text of photographs.

    ::

        reader = TextReader()
        page = reader("photo.jpg")
        print(page.text)

    Args:
        weights: name of released weights, see :data:`mindocr.reading.weights.RELEASED`. They are taken from the cache
            folder or from an installed package.
        detector, recogniser: model files that replace those of ``weights``.
        classifier: the direction classifier, as the name ``ppocr-cls`` or a model file. Lines that it finds upside
            down with a confidence above 0.9 are turned before they are read. None: every line is read as it is.
        drop_score: lines read with a lower confidence are left out, in [0, 1].
        batch_size: crops that the recogniser and the classifier take at once.
        tile: ``auto`` cuts large scans into overlapping tiles, see :class:`~mindocr.inference.detector.TextDetector`.
        detection: further arguments of :class:`~mindocr.inference.detector.TextDetector`, such as
            ``{"limit_side_len": 1280}``.
        runtime: what runs the networks: ``onnxruntime``, ``mindspore``, or ``auto``, by which released weights run in
            onnxruntime on a CPU where it is installed, and model files in what their kind needs.
        threads: CPU threads of onnxruntime; by default all usable CPUs.
        level: what the page has polygons of. The detectors of PP-OCR find lines; ``word`` and ``character`` cut them
            at the time steps of the recogniser, see :func:`mindocr.reading.words.words_of`.

    Attributes:
        settings: the arguments, with the files that are used as models.
        max_pixels: largest image that is read.
        overlap: whether :meth:`read_all` works on several photographs at once; False, as with tiles, keeps one in
            memory.

    Raises:
        CheckpointError: the weights cannot be found or used; the message says which file to put where.
        UserError: ``drop_score`` is outside [0, 1], ``batch_size`` below 1, or ``level`` another word.
    """

    def __init__(
        self,
        weights: str = DEFAULT,
        *,
        detector: str | Path | None = None,
        recogniser: str | Path | None = None,
        classifier: str | Path | None = None,
        drop_score: float = 0.5,
        batch_size: int = 6,
        level: Level = "line",
        tile: Choice = "off",
        detection: Mapping[str, Any] | None = None,
        runtime: str = "auto",
        threads: int | None = None,
    ) -> None:
        if not 0 <= drop_score <= 1:
            raise UserError(f"drop_score: expected a number from 0 to 1, got {drop_score}")
        if batch_size < 1:
            raise UserError(f"batch_size: expected a whole number from 1, got {batch_size}")
        if level not in LEVELS:
            raise UserError(f"level: expected {', '.join(LEVELS)}, got {level!r}{suggest(str(level), LEVELS)}")
        execution = given(runtime, threads)
        chosen = given(runtime, None)
        detection = {**(detection or {}), **({} if tile == "off" else {"tile": tile})}
        models = {"detector": detector or find_weights(weights, "det", **chosen)}
        models["recogniser"] = recogniser or find_weights(weights, "rec", **chosen)
        if classifier:
            is_name = isinstance(classifier, str) and classifier in RELEASED
            models["classifier"] = find_weights(str(classifier), "cls", **chosen) if is_name else classifier
        self.detector = TextDetector(models["detector"], **detection, **execution)
        self.recogniser = TextRecogniser(models["recogniser"], **execution)
        self.classifier = TextClassifier(models["classifier"], **execution) if classifier else None
        # An image that is cut into tiles may be larger.
        self.overlap = detection.get("tile", "off") == "off"
        self.max_pixels = MAX_PIXELS if self.overlap else LARGE_PIXELS
        self.drop_score, self.batch_size, self.level = drop_score, batch_size, level
        self.settings: dict[str, Any] = {
            **{task: str(model) for task, model in models.items()}, "drop_score": drop_score, "level": level,
            **({"detection": dict(detection)} if detection else {}),
        }  # fmt: skip

    def __call__(self, image: str | Path | np.ndarray, path: str | None = None) -> Page:
        """Read a photograph.

        Args:
            image: a file, or an array (H, W, 3) uint8 RGB or (H, W) uint8 grey.
            path: of an array: the file that it comes from, for the page.

        Raises:
            DataError: the image cannot be decoded, or an array has another form.
        """
        pixels = as_rgb(image) if isinstance(image, np.ndarray) else read_image(image, max_pixels=self.max_pixels)
        path = path if isinstance(image, np.ndarray) else str(image)
        return self._read([_Located(pixels, path, self.detector(pixels).prediction)])[0]

    def use_buckets(self, buckets: Sequence[Size] | str, paths: Sequence[str | Path]) -> None:
        """Give the networks images of a few sizes only, and compile a graph for each of them now.

        The recogniser gets lines of 6 widths, see :data:`mindocr.inference.buckets.WIDTHS`.

        Args:
            buckets: (h, w) of the detector's images in pixels; or ``auto``: chosen by the headers of the images.
            paths: files of the images.

        Raises:
            ConfigError: sizes are given, and the detector takes images of one size only.
        """
        self.detector.use_buckets(buckets, [str(path) for path in paths])
        self.recogniser.use_widths(batch_size=self.batch_size)
        compile_graphs([*self.detector.plan(), *self.recogniser.plan()])

    def warm_up(self, image: str | Path) -> None:
        """Read a photograph without a result, so that graphs are compiled and memory is allocated for its size.

        A photograph that cannot be read is left out.
        """
        for _ in self.read_all([image]):
            pass

    def pages(self, images: Iterable[str | Path]) -> Iterator[Page]:
        """Read several photographs, in their order, faster than one after the other; see :meth:`read_all`.

        Raises:
            DataError: an image cannot be decoded.
        """
        for each in self.read_all(images):
            if each.page is None:
                raise each.error or DataError(f"{each.path}: cannot be read")
            yield each.page

    def read_all(self, images: Iterable[str | Path], dpi: float = DPI) -> Iterator[Read]:
        """Read several photographs, in their order.

        While the networks run, other threads decode and prepare the next photographs and finish others. Lines of
        several photographs share the recogniser's batches, sorted by width; the first photograph is finished first, so
        that its text comes early. A page is the same as if its photograph were read alone, and memory does not grow
        with the number of photographs.

        Args:
            images: files.
            dpi: pixels per inch at which pages of PDF files are rendered.
        """
        if not self.overlap:
            for image in images:
                yield self._read_alone(image, dpi)
            return
        opened = map_ahead(partial(self._open, dpi=dpi), images, ahead=2, name="decode")
        for group in _in_groups(self._locate(opened)):
            pages = iter(self._read([each for each in group if isinstance(each, _Located)]))
            for each in group:
                if isinstance(each, _Located):
                    yield Read(str(each.path), each.pixels, next(pages))
                else:
                    yield each

    def _open(self, image: str | Path, dpi: float) -> _Opened:
        try:
            return _Opened(str(image), read_image(image, max_pixels=self.max_pixels, dpi=dpi))
        except DataError as error:
            return _Opened(str(image), None, error)

    def _read_alone(self, image: str | Path, dpi: float) -> Read:
        opened = self._open(image, dpi)
        return (
            opened.failed()
            if opened.pixels is None
            else Read(opened.path, opened.pixels, self(opened.pixels, opened.path))
        )

    def _locate(self, opened: Iterable[_Opened]) -> Iterator[_Located | Read]:
        """Find the lines of each photograph."""
        waiting: deque[_Opened] = deque()

        def pixels() -> Iterator[np.ndarray]:
            for each in opened:
                waiting.append(each)
                if each.pixels is not None:
                    yield each.pixels

        for found in self.detector.stream(pixels()):
            while waiting[0].pixels is None:
                yield waiting.popleft().failed()
            each = waiting.popleft()
            assert each.pixels is not None
            if isinstance(found, Result):
                yield _Located(each.pixels, each.path, cast(Detection, found.prediction))
            else:
                name, _, reason = str(found).partition(": ")  # an array is named by its number
                yield Read(each.path, None, None, DataError(f"{each.path}: {reason or name}"))
        for each in waiting:
            yield each.failed()

    def _read(self, located: Sequence[_Located]) -> list[Page]:
        """The pages of photographs whose lines are known."""
        orders = [reading_order(each.found.polys) for each in located]
        crops = [
            _Crop(each.pixels, line_view(each.found.polys[i], each.size))
            for each, order in zip(located, orders) for i in order
        ]  # fmt: skip
        read = self._surest(self._upright(crops))
        return [self._page(each, order, list(islice(read, len(order)))) for each, order in zip(located, orders)]

    def _page(self, located: _Located, order: Sequence[int], read: Sequence[tuple[_Crop, Text]]) -> Page:
        lines = [
            Line(crop.view.upright_polygon(), text.text, text.confidence, float(located.found.scores[i]),
                 self._parts(crop.view, text))
            for i, (crop, text) in zip(order, read)
            if text.text.strip() and text.confidence >= self.drop_score
        ]  # fmt: skip
        return Page(lines, located.size, located.path, left_out=len(order) - len(lines), level=self.level)

    def _upright(self, crops: list[_Crop]) -> list[_Crop]:
        """The crops, turned where the classifier finds the line upside down."""
        if self.classifier is None:
            return crops
        turned = self.classifier.upside_down(_Crops(crops), batch_size=self.batch_size)
        return [
            crop._replace(view=replace(crop.view, turns=crop.view.turns + 2)) if each else crop
            for crop, each in zip(crops, turned)
        ]

    def _surest(self, crops: Sequence[_Crop]) -> Iterator[tuple[_Crop, Text]]:
        """Each crop with its text; of a tall line, in the direction in which it is read with the highest confidence."""
        tried = [[crop._replace(view=view) for view in crop.view.directions()] for crop in crops]
        every = [crop for each in tried for crop in each]
        texts = self.recogniser.read(_Crops(every), self.batch_size, [_ratio(crop.view) for crop in every])
        read = iter(zip(every, texts))
        for each in tried:
            yield max(islice(read, len(each)), key=lambda pair: pair[1].confidence)

    def _parts(self, view: LineView, text: Text) -> list[Word]:
        if self.level == "line":
            return []
        spans = _PARTS[self.level](text, _ratio(view))
        return [Word(view.part(span.left, span.right), span.text, span.confidence) for span in spans]

    def log_cost(self) -> None:
        """Log what tiles and other views cost, and how many images were reduced so far that texts may be missed."""
        self.detector.log_cost()


class Read(NamedTuple):
    """What became of a photograph: its pixels (H, W, 3) uint8 RGB and its page, or why it could not be read."""

    path: str
    pixels: np.ndarray | None
    page: Page | None
    error: DataError | None = None


class _Opened(NamedTuple):
    """A photograph that was decoded, or why it could not be."""

    path: str
    pixels: np.ndarray | None
    error: DataError | None = None

    def failed(self) -> Read:
        return Read(self.path, None, None, self.error)


class _Located(NamedTuple):
    """A photograph whose lines were found."""

    pixels: np.ndarray
    path: str | None
    found: Detection

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[0], self.pixels.shape[1]


class _Crop(NamedTuple):
    """A line and the photograph that it is cut out of."""

    pixels: np.ndarray
    view: LineView


class _Crops:
    """The crops of photographs, each cut out when it is asked for, so that a page of any length fits into memory."""

    def __init__(self, crops: Sequence[_Crop]) -> None:
        self._crops = crops

    def __len__(self) -> int:
        return len(self._crops)

    def __getitem__(self, i: int) -> np.ndarray:
        return self._crops[i].view.cut(self._crops[i].pixels)


def _in_groups(located: Iterable[_Located | Read]) -> Iterator[list[_Located | Read]]:
    """Photographs whose lines are read together: one at first, then more and more, as far as memory allows."""
    group: list[_Located | Read] = []
    wanted = 1
    for each in located:
        group.append(each)
        pixels = sum(one.size[0] * one.size[1] for one in group if isinstance(one, _Located))
        if len(group) >= wanted or pixels >= _GROUP_PIXELS:
            yield group
            group, wanted = [], min(2 * wanted, _GROUP)
    if group:
        yield group


def _ratio(view: LineView) -> float:
    """Width / height of a crop."""
    return view.shape[1] / view.shape[0]
