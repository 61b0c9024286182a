"""Text recognition: crops of text lines in, texts out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from mindocr.data.transforms.checks import Spec
from mindocr.data.transforms.text_line import pad_right
from mindocr.errors import ConfigError, DataError
from mindocr.images.headers import stated_size
from mindocr.images.read import read_file
from mindocr.inference.pipeline import named
from mindocr.inference.predictor import Crops, Image, Predictor, configured
from mindocr.inference.results import Result
from mindocr.inference.runner import open_runner
from mindocr.predictions.base import decode
from mindocr.predictions.text import Text
from mindocr.registry import TRANSFORMS
from mindocr.utils.paths import expand_home

_WIDTH = "line_width"


class Images(Protocol):
    """Images by their number, such as a list."""

    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> Image: ...


class TextRecogniser(Predictor):
    """Reads crops that show one line of text each.

    It is called like a :class:`~mindocr.inference.predictor.Predictor`; the prediction of a result is a
    :class:`~mindocr.predictions.text.Text`. Crops of similar widths are padded to a common width and share a batch.

    Args:
        model: a checkpoint or another model file, or a folder with a checkpoint.
        config: YAML file whose model, pipelines and post-processing replace those stored in the model file.

    Raises:
        CheckpointError: the file is missing or damaged, or does not state how to use it.
        ConfigError: a setting cannot be used, or the model does not read text.
    """

    def __init__(self, model: str | Path, *, config: str | Path | None = None) -> None:
        runner = open_runner(model, config=config)
        postprocess, pipeline = configured(runner)
        if not issubclass(postprocess.gives, Text):
            raise ConfigError(f"'{model}' returns {postprocess.gives.kind}, not the text of a line; use a recogniser")
        super().__init__(runner, postprocess, pipeline, (_WIDTH,) if _notes_width(pipeline) else ())

    def read(self, crops: Crops, batch_size: int = 6, ratios: Sequence[float] | None = None) -> list[Text]:
        """Texts of crops (h, w, 3) uint8 RGB, in their order.

        Args:
            crops: asked for one batch at a time and not kept, so they may be cut out then.
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
        order = sorted(range(len(images)), key=ratios.__getitem__)
        for start in range(0, len(order), batch_size):
            kept: list[tuple[int, Image, Mapping[str, Any]]] = []
            for number in order[start : start + batch_size]:
                prepared = self._samples([images[number]], on_error, [] if left_out is None else left_out, number)
                kept += [(number, image, sample) for image, sample in zip(*prepared)]
            texts = self._read_batch([sample for _, _, sample in kept]) if kept else []
            for (number, image, sample), text in zip(kept, texts):
                yield number, image, sample["image_ori"], text

    def _read_batch(self, samples: Sequence[Mapping[str, Any]]) -> list[Text]:
        """Texts of one batch, which is as wide as the widest of its samples."""
        width = max(sample["image"].shape[2] for sample in samples)
        batch = np.stack([pad_right(sample["image"], width) for sample in samples])
        texts: list[Text] = decode(self.postprocess, self.runner(batch), {})
        return [
            replace(text, filled=_filled(text.total_steps, sample.get(_WIDTH, width), width))
            for sample, text in zip(samples, texts)
        ]


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
