"""From an image file or an array to the sample that a network takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.data.transforms.checks import Spec
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.data.transforms.resize import DetResize
from mindocr.errors import DataError
from mindocr.inference.given_image import GivenImage, as_image
from mindocr.inference.pipeline import decoding, named, with_original
from mindocr.utils.paths import expand_home

Image = str | Path | np.ndarray


class Preparation:
    """Runs a pipeline on images. Several threads may do this at the same time.

    Args:
        pipeline: ops from an image file to the network's input.
        columns: keys that samples must have at the end.

    Attributes:
        specs: the pipeline, changed to keep the decoded image as ``image_ori``.
        columns: as given.
        ops: the built pipeline.
        rgb: whether it decodes to the order red, green, blue.
        upright: whether it rotates images by their EXIF data.
        alpha: background behind transparent parts.

    Raises:
        ConfigError: the pipeline is wrong, or does not write the columns.
    """

    def __init__(self, pipeline: Sequence[Spec], columns: Sequence[str]) -> None:
        self.specs = with_original(pipeline)
        self.columns = list(columns)
        self.ops = Pipeline(self.specs, self.columns, ("img_path",), is_train=False)
        self._given = GivenImage()
        self.ops.use_cache(self._given)
        reading = decoding(self.specs)
        self.rgb = reading.get("img_mode", "BGR") == "RGB"
        self.upright = not reading.get("ignore_orientation", False)
        self.alpha = reading.get("alpha", "white")

    def at_dpi(self, dpi: float) -> Preparation:
        """The same, with pages of PDF files at ``dpi`` pixels per inch.

        Raises:
            ConfigError: it is out of range.
        """
        specs = [{n: {**a, "dpi": dpi} if n == "DecodeImage" else a} for n, a in named(self.specs)]
        return Preparation(specs, self.columns)

    def sample(self, image: Image, number: int = 0) -> Mapping[str, Any]:
        """The sample of one image.

        Args:
            image: a path, or an array as for :meth:`mindocr.inference.predictor.Predictor.__call__`.
            number: of an array, for messages.

        Raises:
            DataError: the image cannot be decoded, or an array has another form.
        """
        rng = np.random.default_rng(0)  # pipelines of prediction have no random op
        if not isinstance(image, np.ndarray):
            if not isinstance(image, str | Path):
                raise DataError(f"image {number}: expected a path or an array, got {type(image).__name__}")
            return self.ops({"img_path": expand_home(str(image))}, rng)
        checked = self.as_seen(image, f"image {number}")
        self._given.image = np.ascontiguousarray(checked if self.rgb else checked[..., ::-1])
        try:
            return self.ops({"img_path": f"image {number}"}, rng)
        finally:
            self._given.image = None

    def as_seen(self, image: np.ndarray, name: str = "image") -> np.ndarray:
        """An array as (H, W, 3) uint8, with its opacity applied.

        Raises:
            DataError: it has another form.
        """
        return as_image(image, name, self.alpha)

    def network_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size at which the network takes an image of (h, w) pixels."""
        for op in self.ops.ops:
            if isinstance(op, DetResize):
                padded = op.target_size if op.pad else None
                size = padded or op.new_size(*size)
        return size
