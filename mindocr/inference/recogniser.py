"""Text recognition: crops of text lines in, texts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from mindocr.data.transforms.checks import Spec
from mindocr.data.transforms.text_line import pad_right
from mindocr.errors import ConfigError, DataError
from mindocr.images.headers import stated_size
from mindocr.images.read import read_file
from mindocr.inference.buckets import WIDTHS, width_of
from mindocr.inference.configured import configured
from mindocr.inference.pipeline import named
from mindocr.inference.predictor import Crops, Image, Predictor
from mindocr.inference.results import Result
from mindocr.inference.runner import given, open_runner
from mindocr.inference.side_by_side import Runs, side_by_side
from mindocr.predictions.base import decode
from mindocr.predictions.text import Text
from mindocr.registry import TRANSFORMS
from mindocr.utils.paths import expand_home
from mindocr.utils.threads import map_ahead

_WIDTH = "line_width"
_STEP = 32  # pixels; lines are padded to a multiple of it, so that some of them share a batch


class Prepared(NamedTuple):
    """A line that is ready for the network: its number, its image, and its sample."""

    number: int
    image: Image
    sample: Mapping[str, Any]


class Images(Protocol):
    """Images by their number, such as a list."""

    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> Image: ...


class TextRecogniser(Predictor):
    """Reads crops that show one line of text each.

    It is called like a :class:`~mindocr.inference.predictor.Predictor`; the prediction of a result is a
    :class:`~mindocr.predictions.text.Text`. Each crop is padded to a width that depends on the crop alone, and crops of
    one padded width share a batch, so a text does not depend on what else is read with it.

    Args:
        model: a checkpoint or another model file, or a folder with a checkpoint.
        config: YAML file whose model, pipelines and post-processing replace those stored in the model file.
        runtime, threads: what runs the network, and on how many CPU threads, see
            :func:`~mindocr.inference.runner.open_runner`.

    Attributes:
        widths: padded widths, pixels; None = multiples of 32. A network for which graphs are compiled needs few.

    Raises:
        CheckpointError: the file is missing or damaged, or does not state how to use it.
        ConfigError: a setting cannot be used, or the model does not read text.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        config: str | Path | None = None,
        runtime: str = "auto",
        threads: int | None = None,
    ) -> None:
        runner = open_runner(model, config=config, **given(runtime, threads))
        postprocess, pipeline = configured(runner)
        if not issubclass(postprocess.gives, Text):
            raise ConfigError(f"'{model}' returns {postprocess.gives.kind}, not the text of a line; use a recogniser")
        super().__init__(runner, postprocess, pipeline, (_WIDTH,) if _notes_width(pipeline) else ())
        self.widths: Sequence[int] | None = None
        self._fill = 1

    def use_widths(self, widths: Sequence[int] = WIDTHS, batch_size: int = 6) -> None:
        """Give the network lines of a few widths only, for which graphs may then be compiled, see :meth:`plan`.

        Args:
            widths: pixels; a wider line gets a multiple of the last.
            batch_size: lines that the network takes at once; smaller batches are filled up.
        """
        self.widths, self._fill = sorted(widths), batch_size

    def plan(self) -> list[tuple[Any, list[tuple[int, ...]]]]:
        """What :func:`~mindocr.inference.bucketed.compile_graphs` has to compile, after :meth:`use_widths`."""
        height = self.preparation.sample(np.zeros((1, 1, 3), np.uint8), 0)["image"].shape[1]
        return [(self.runner, [(self._fill, 3, height, width) for width in self.widths or ()])]

    def read(self, crops: Crops, batch_size: int = 6, ratios: Sequence[float] | None = None) -> list[Text]:
        """Texts of crops (h, w, 3) uint8 RGB, in their order.

        Args:
            crops: asked for a few batches ahead and not kept, so they may be cut out then.
            batch_size: crops that the network takes at once.
            ratios: width / height of each crop; None = the crops are asked for twice.
        """
        read = self._texts(crops, batch_size, ratios or [_ratio(crops[i]) for i in range(len(crops))])
        texts = {number: text for number, _, _, text in read}
        return [texts[number] for number in range(len(crops))]

    def _predict(self, images: Sequence[Image], batch_size: int, on_error: str = "raise") -> list[Result]:
        left_out: list[str] = []
        read = self._texts(images, batch_size, [_ratio(image) for image in images], on_error, left_out)
        results = {number: self._result(image, original, text) for number, image, original, text in read}
        self._warn_left_out(left_out, len(images))
        return [results[number] for number in sorted(results)]

    def _texts(
        self, images: Images, batch_size: int, ratios: Sequence[float], on_error: str = "raise",
        left_out: list[str] | None = None,
    ) -> Iterator[tuple[int, Image, np.ndarray, Text]]:  # fmt: skip
        """Yield (number, image, decoded image, text) batch by batch, the narrowest images first."""
        reasons = [] if left_out is None else left_out

        def prepare(number: int) -> list[Prepared]:
            image, sample = self._prepare((number, images[number]))
            if not isinstance(sample, DataError):
                return [Prepared(number, image, sample)]
            if on_error != "skip":
                raise sample
            reasons.append(str(sample))
            return []

        order = sorted(range(len(images)), key=ratios.__getitem__)
        ahead = map_ahead(prepare, order, ahead=2 * batch_size, name="crops") if len(order) > 1 else map(prepare, order)
        outputs = side_by_side(self.runner, self._run_lines, self._of_one_width(chain.from_iterable(ahead), batch_size))
        yield from chain.from_iterable(map_ahead(self._texts_of, outputs, ahead=1, name="texts"))

    def _of_one_width(self, lines: Iterable[Prepared], batch_size: int) -> Iterator[tuple[int, list[Prepared]]]:
        """Batches of neighbouring lines that are padded to one width, with that width."""
        batch: list[Prepared] = []
        common = 0
        for line in lines:
            width = line.sample["image"].shape[2]
            width = -(-width // _STEP) * _STEP if self.widths is None else width_of(width, self.widths)
            if batch and (width != common or len(batch) == batch_size):
                yield common, batch
                batch = []
            common = width
            batch.append(line)
        if batch:
            yield common, batch

    def _run_lines(self, network: Runs, group: tuple[int, list[Prepared]]) -> tuple[int, list[Prepared], Any]:
        """A batch and the network's outputs for it."""
        width, lines = group
        rows = [pad_right(line.sample["image"], width) for line in lines]
        if self.widths is not None:  # the number of lines belongs to the shape that a graph is compiled for
            rows += [np.zeros_like(rows[0])] * (self._fill - len(rows))
        outputs = network(np.stack(rows))
        return width, lines, {name: values[: len(lines)] for name, values in outputs.items()}

    def _texts_of(self, computed: tuple[int, list[Prepared], Any]) -> list[tuple[int, Image, np.ndarray, Text]]:
        """The texts of a batch, from the outputs of the network."""
        width, lines, outputs = computed
        texts: list[Text] = decode(self.postprocess, outputs, {})
        return [
            (number, image, sample["image_ori"],
             replace(text, filled=_filled(text.total_steps, sample.get(_WIDTH, width), width)))
            for (number, image, sample), text in zip(lines, texts)
        ]  # fmt: skip


def _filled(steps: int, line_width: int, width: int) -> float:
    """Share of the time steps that show the line. Each step shows the same whole number of pixels."""
    if not steps:
        return 1.0
    return line_width / (max(round(width / steps), 1) * steps)


def _ratio(image: Image) -> float:
    """Width / height, by which images are put into batches; of what cannot be read, any number."""
    if isinstance(image, np.ndarray):
        size: tuple[int, ...] | None = image.shape[:2]
    else:
        try:
            size = stated_size(read_file(expand_home(str(image))))
        except DataError:
            size = None
    return size[1] / size[0] if size is not None and len(size) == 2 and size[0] else 0.0


def _notes_width(pipeline: Sequence[Spec]) -> bool:
    """Whether an op notes how wide the line is without padding."""
    return any(_WIDTH in cast(Any, TRANSFORMS.get(name)).writes for name, _ in named(pipeline))
