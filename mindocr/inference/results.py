"""Result of prediction for one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from mindocr.geometry import Polygon
from mindocr.images.alpha import Alpha
from mindocr.images.read import LARGE_PIXELS, read_image
from mindocr.predictions.base import Prediction
from mindocr.predictions.detection import Detection
from mindocr.utils.visualize import as_rgb


@dataclass(frozen=True)
class Result:
    """A prediction and the image that it is for.

    Attributes:
        prediction: the prediction; its type depends on the task of the model.
        image_size: (h, w) of the image in pixels.
        path: file of the image; None for an image passed as an array.
        pixels: the array that was passed, RGB or grey; None for a file, which is read again for drawing.
        upright: whether the image of a file is rotated according to its EXIF data.
        alpha: background for transparent parts of a file, see :func:`mindocr.images.alpha.background`.
    """

    prediction: Prediction
    image_size: tuple[int, int]
    path: str | None = None
    pixels: np.ndarray | None = field(default=None, repr=False, compare=False)
    upright: bool = field(default=True, repr=False)
    alpha: Alpha = field(default="white", repr=False)

    def __len__(self) -> int:
        return len(self.prediction)

    @property
    def image(self) -> np.ndarray:
        """The image, (H, W, 3) uint8 RGB.

        Raises:
            DataError: the file can no longer be read.
        """
        if self.pixels is not None:
            return as_rgb(self.pixels)
        assert self.path is not None
        return read_image(
            self.path, ignore_orientation=not self.upright, alpha=self.alpha, max_pixels=LARGE_PIXELS
        )  # fmt: skip

    def draw(self) -> np.ndarray:
        """Draw the prediction on a copy of the image, (H, W, 3) uint8 RGB."""
        return self.prediction.draw(self.image)

    def to_json(self) -> dict[str, Any]:
        """``{"image": path, "image_size": [h, w], ...}`` with the prediction, in types of JSON."""
        found = self.prediction.to_json()
        more = found if isinstance(found, Mapping) else {"result": found}
        return {"image": self.path, "image_size": list(self.image_size), **more}


class DetectionResult(Result):
    """Texts found in one image."""

    @property
    def polygons(self) -> list[Polygon]:
        """Polygons (K_i, 2) float32, pixels (x, y) of the image, clockwise on the screen."""
        return cast(Detection, self.prediction).polys

    @property
    def scores(self) -> list[float]:
        """One score for each polygon, in [0, 1]; higher means more confident."""
        return cast(Detection, self.prediction).scores
