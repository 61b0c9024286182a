"""Random enlargement of the canvas, which makes texts smaller once the image is resized (SSD, ECCV 2016, "Expand")."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.geometric import check_probability, check_range
from mindocr.data.transforms.protocol import GeometricOp, image_size
from mindocr.errors import ConfigError
from mindocr.images.headers import Size
from mindocr.registry import TRANSFORMS


@TRANSFORMS.register
class RandomExpand(GeometricOp):
    """Put the image at a random place of a larger black canvas of the same proportions.

    Args:
        ratio_range: smallest and largest side of the canvas / side of the image, drawn uniformly; from 1.
        p: probability, in [0, 1].
    """

    def __init__(self, ratio_range: Sequence[float] = (1.0, 4.0), p: float = 0.5) -> None:
        self.ratio_range = check_range("RandomExpand", "ratio_range", ratio_range)
        if self.ratio_range[0] < 1:
            raise ConfigError(f"RandomExpand: ratio_range must be 1 or more, got {list(ratio_range)}")
        self.p = check_probability("RandomExpand", p)

    def draw(self, rng: np.random.Generator, sample: DetSample) -> tuple[float, float, float]:
        """The ratio, and the place of the image in the free space, x and y in [0, 1]."""
        chance, ratio, x, y = rng.random(), rng.uniform(*self.ratio_range), rng.random(), rng.random()
        return (float(ratio), float(x), float(y)) if chance < self.p else (1.0, 0.0, 0.0)

    def matrix(self, params: tuple[float, float, float], sample: DetSample) -> tuple[np.ndarray, Size]:
        ratio, x, y = params
        h, w = image_size(sample)
        new_h, new_w = int(h * ratio), int(w * ratio)
        left, top = int((new_w - w) * x), int((new_h - h) * y)
        return np.array([[1.0, 0, left], [0, 1, top], [0, 0, 1]]), (new_h, new_w)
