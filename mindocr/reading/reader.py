"""From a photograph to its text, in three lines of code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import UserError
from mindocr.images.crops import LineView, line_view
from mindocr.images.read import LARGE_PIXELS, MAX_PIXELS, read_image
from mindocr.inference.classifier import TextClassifier
from mindocr.inference.detector import TextDetector
from mindocr.inference.recogniser import TextRecogniser
from mindocr.inference.tiling import Choice
from mindocr.predictions.text import Text
from mindocr.reading.order import reading_order
from mindocr.reading.page import LEVELS, Level, Line, Page, Word
from mindocr.reading.weights import DEFAULT, RELEASED, find_weights
from mindocr.reading.words import Span, characters_of, words_of
from mindocr.registry import suggest
from mindocr.utils.visualize import as_rgb

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
        level: what the page has polygons of. The detectors of PP-OCR find lines; ``word`` and ``character`` cut them
            at the time steps of the recogniser, see :func:`mindocr.reading.words.words_of`.

    Attributes:
        settings: the arguments, with the files that are used as models.
        max_pixels: largest image that is read.

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
    ) -> None:
        if not 0 <= drop_score <= 1:
            raise UserError(f"drop_score: expected a number from 0 to 1, got {drop_score}")
        if batch_size < 1:
            raise UserError(f"batch_size: expected a whole number from 1, got {batch_size}")
        if level not in LEVELS:
            raise UserError(f"level: expected {', '.join(LEVELS)}, got {level!r}{suggest(str(level), LEVELS)}")
        detection = {**(detection or {}), **({} if tile == "off" else {"tile": tile})}
        models = {"detector": detector or find_weights(weights, "det")}
        models["recogniser"] = recogniser or find_weights(weights, "rec")
        if classifier:
            is_name = isinstance(classifier, str) and classifier in RELEASED
            models["classifier"] = find_weights(str(classifier), "cls") if is_name else classifier
        self.detector = TextDetector(models["detector"], **detection)
        self.recogniser = TextRecogniser(models["recogniser"])
        self.classifier = TextClassifier(models["classifier"]) if classifier else None
        # An image that is cut into tiles may be larger.
        self.max_pixels = MAX_PIXELS if detection.get("tile", "off") == "off" else LARGE_PIXELS
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
        found = self.detector(pixels).prediction
        order = reading_order(found.polys)
        size = (pixels.shape[0], pixels.shape[1])
        views = self._upright(pixels, [line_view(found.polys[i], size) for i in order])
        texts = self.recogniser.read(_Crops(pixels, views), self.batch_size, [_ratio(view) for view in views])
        lines = [
            Line(view.polygon, text.text, text.confidence, float(found.scores[i]), self._parts(view, text))
            for i, view, text in zip(order, views, texts)
            if text.text.strip() and text.confidence >= self.drop_score
        ]
        path = path if isinstance(image, np.ndarray) else str(image)
        return Page(lines, size, path, left_out=len(order) - len(lines), level=self.level)

    def _upright(self, pixels: np.ndarray, views: list[LineView]) -> list[LineView]:
        """The views, turned where the classifier finds the line upside down."""
        if self.classifier is None:
            return views
        turned = self.classifier.upside_down(_Crops(pixels, views), batch_size=self.batch_size)
        return [replace(view, turns=view.turns + 2) if each else view for view, each in zip(views, turned)]

    def _parts(self, view: LineView, text: Text) -> list[Word]:
        if self.level == "line":
            return []
        spans = _PARTS[self.level](text, _ratio(view))
        return [Word(view.part(span.left, span.right), span.text, span.confidence) for span in spans]

    def log_cost(self) -> None:
        """Log what tiles and other views cost, and how many images were reduced so far that texts may be missed."""
        self.detector.log_cost()

    def pages(self, images: Iterable[str | Path]) -> Iterator[Page]:
        """Read several photographs, one after the other."""
        yield from map(self, images)


class _Crops:
    """The crops of a photograph, each cut out when it is asked for, so that a page of any length fits into memory."""

    def __init__(self, pixels: np.ndarray, views: Sequence[LineView]) -> None:
        self._pixels, self._views = pixels, views

    def __len__(self) -> int:
        return len(self._views)

    def __getitem__(self, i: int) -> np.ndarray:
        return self._views[i].cut(self._pixels)


def _ratio(view: LineView) -> float:
    """Width / height of a crop."""
    return view.shape[1] / view.shape[0]
