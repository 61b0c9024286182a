"""Text recognition: crops of text lines in, texts out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mindocr.data.transforms.text_line import pad_right
from mindocr.errors import ConfigError
from mindocr.inference.predictor import Image, Predictor, configured
from mindocr.inference.results import Result
from mindocr.inference.runner import open_runner
from mindocr.predictions.base import decode
from mindocr.predictions.text import Text


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
        super().__init__(runner, postprocess, pipeline)

    def read(self, crops: Sequence[np.ndarray], batch_size: int = 6) -> list[Text]:
        """Texts of crops (h, w, 3) uint8 RGB, in their order."""
        return [result.prediction for result in self._predict(crops, batch_size)]  # type: ignore[misc]

    def _predict(self, images: Sequence[Image], batch_size: int, on_error: str = "raise") -> list[Result]:
        left_out: list[str] = []
        kept, samples = self._samples(images, on_error, left_out)
        narrow_first = sorted(range(len(samples)), key=lambda i: samples[i]["image"].shape[2])
        texts: dict[int, Text] = {}
        for start in range(0, len(samples), batch_size):
            chosen = narrow_first[start : start + batch_size]
            width = samples[chosen[-1]]["image"].shape[2]
            batch = np.stack([pad_right(samples[i]["image"], width) for i in chosen])
            texts.update(zip(chosen, decode(self.postprocess, self.runner(batch), {})))
        self._warn_left_out(left_out, len(images))
        return [self._result(image, samples[i]["image_ori"], texts[i]) for i, image in enumerate(kept)]
