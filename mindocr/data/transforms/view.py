"""Views of a whole image, for classification and for distillation without labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.geometric import check_probability
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import ConfigError
from mindocr.registry import TRANSFORMS

Window = tuple[float, float, float, float]


@TRANSFORMS.register
class RandomResizedCrop:
    """Cut out a random part of the image, mirror it at random, and resize it to one size, whatever its shape.

    The usual augmentation of image classification (Szegedy et al., CVPR 2015, section 6). Labels of single texts would
    be wrong afterwards, so it is for images that have a class or nothing.

    Args:
        size: (h, w) of the result in pixels.
        area: smallest and largest share of the image's area, in (0, 1].
        ratio: smallest and largest width divided by height, above 0. Where a part of a drawn ratio does not fit into
            the image, it is made as large as the image allows.
        flip: probability of mirroring, in [0, 1].

    Raises:
        ConfigError: an argument is out of its range.
    """

    reads = ("image",)
    writes = ("image",)

    def __init__(
        self,
        size: Sequence[int] = (224, 224),
        area: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (0.75, 4 / 3),
        flip: float = 0.5,
    ) -> None:
        self.size = _pair_of_sides("RandomResizedCrop size", size)
        for name, pair, most in (("area", area, 1.0), ("ratio", ratio, math.inf)):
            if len(pair) != 2 or not 0 < pair[0] <= pair[1] <= most:
                limits = "0 < low <= high <= 1" if name == "area" else "0 < low <= high"
                raise ConfigError(f"RandomResizedCrop {name}: expected [low, high], {limits}, got {list(pair)}")
        self.area = (float(area[0]), float(area[1]))
        self.ratio = (float(ratio[0]), float(ratio[1]))
        self.flip = check_probability("RandomResizedCrop", flip)

    def draw(self, rng: np.random.Generator, sample: DetSample) -> tuple[Window, bool]:
        """The window (x0, y0, x1, y1) in pixels, and whether the result is mirrored."""
        h, w = image_size(sample)
        share, spread, x, y, chance = rng.random(5)
        area = h * w * (self.area[0] + share * (self.area[1] - self.area[0]))
        low, high = (math.log(value) for value in self.ratio)
        ratio = math.exp(low + spread * (high - low))
        wide, tall = min(math.sqrt(area * ratio), w), min(math.sqrt(area / ratio), h)
        left, top = x * (w - wide), y * (h - tall)
        return (left, top, left + wide, top + tall), bool(chance < self.flip)

    def apply(self, sample: DetSample, params: tuple[Window, bool]) -> DetSample:
        """Cut, mirror and resize (H, W, 3)."""
        window, mirrored = params
        image = resample(sample["image"], window, self.size)
        return {**sample, "image": np.ascontiguousarray(image[:, ::-1]) if mirrored else image}


@TRANSFORMS.register
class CenterCrop:
    """Cut out the largest part of the image with the shape of ``size`` from its centre, and resize it.

    Args:
        size: (h, w) of the result in pixels.
        share: share of that part that is kept in each direction, in (0, 1]; 0.875 is usual for classification (256 to
            224 pixels).

    Raises:
        ConfigError: an argument is out of its range.
    """

    reads = ("image",)
    writes = ("image",)

    def __init__(self, size: Sequence[int] = (224, 224), share: float = 0.875) -> None:
        self.size = _pair_of_sides("CenterCrop size", size)
        if not 0 < share <= 1:
            raise ConfigError(f"CenterCrop share {share}: expected a number above 0, at most 1")
        self.share = share

    def __call__(self, sample: DetSample) -> DetSample:
        """Cut and resize (H, W, 3)."""
        h, w = image_size(sample)
        scale = self.share * min(h / self.size[0], w / self.size[1])
        tall, wide = self.size[0] * scale, self.size[1] * scale
        left, top = (w - wide) / 2, (h - tall) / 2
        return {**sample, "image": resample(sample["image"], (left, top, left + wide, top + tall), self.size)}


def resample(image: np.ndarray, window: Window, size: tuple[int, int]) -> np.ndarray:
    """A window (x0, y0, x1, y1) of an image (H, W, 3), in pixels, at the size (h, w).

    The window is rounded to whole pixels, at least one each way. Reducing takes means of pixels, so that fine patterns
    do not alias.
    """
    h, w = image.shape[:2]
    x0, y0 = min(round(window[0]), w - 1), min(round(window[1]), h - 1)
    x1, y1 = min(max(round(window[2]), x0 + 1), w), min(max(round(window[3]), y0 + 1), h)
    part = image[y0:y1, x0:x1]
    reduces = part.shape[0] >= size[0] and part.shape[1] >= size[1]
    return cv2.resize(part, size[::-1], interpolation=cv2.INTER_AREA if reduces else cv2.INTER_LINEAR)


def _pair_of_sides(name: str, size: Sequence[int]) -> tuple[int, int]:
    if len(size) != 2 or min(size) < 1:
        raise ConfigError(f"{name}: expected two sides [h, w] in pixels, got {list(size)}")
    return int(size[0]), int(size[1])
