"""Random brightness, contrast, saturation, hue and order of channels, as in SSD."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.errors import ConfigError
from mindocr.registry import TRANSFORMS

_NO_ORDER = (0, 1, 2)


@dataclass(frozen=True)
class Distortion:
    """Drawn parameters of :class:`PhotometricDistortion`; the defaults change nothing.

    Attributes:
        brightness: added to all values, which range from 0 to 255.
        contrast: factor of all values.
        contrast_first: the factor is applied before saturation and hue, not after them.
        saturation: factor of the saturation.
        hue: added to the hue, in degrees.
        order: channel of the input for each channel of the output.
    """

    brightness: float = 0.0
    contrast: float = 1.0
    contrast_first: bool = True
    saturation: float = 1.0
    hue: float = 0.0
    order: tuple[int, ...] = _NO_ORDER


@TRANSFORMS.register
class PhotometricDistortion:
    """Change brightness, contrast, saturation, hue and the order of channels, each with probability ``p``.

    The data augmentation of SSD (Liu et al., ECCV 2016, Section 2.2), which MindSpore's CTPN uses. The contrast is
    changed before or after saturation and hue, with equal probability. Values are rounded and clipped to 0-255 once, at
    the end. Reads an image (H, W, 3) in RGB, uint8 or float32, 0 to 255, and keeps its type. The cost grows with the
    number of pixels: place it after the op that gives the image its final size.

    Args:
        brightness: an offset is drawn uniformly from [-brightness, brightness].
        contrast: a factor is drawn uniformly from [1 - contrast, 1 + contrast].
        saturation: the same for the saturation.
        hue: an angle is drawn uniformly from [-hue, hue], in degrees.
        swap_channels: whether the channels may change places.
        p: probability of each change.
    """

    reads = ("image",)
    writes = ("image",)

    def __init__(
        self,
        brightness: float = 32,
        contrast: float = 0.5,
        saturation: float = 0.5,
        hue: float = 18,
        swap_channels: bool = True,
        p: float = 0.5,
    ) -> None:
        limits = {"brightness": 255, "contrast": 1, "saturation": 1, "hue": 180, "p": 1}
        values = {"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue, "p": p}
        for key, value in values.items():
            if not 0 <= value <= limits[key]:
                raise ConfigError(f"PhotometricDistortion: {key} must be between 0 and {limits[key]}, got {value}")
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue
        self.swap_channels = swap_channels
        self.p = p

    def draw(self, rng: np.random.Generator, sample: DetSample) -> Distortion:
        """The changes for one image; the number of random numbers is always the same."""
        chosen = rng.random(5) < self.p
        first = bool(rng.random() < 0.5)
        offsets = rng.uniform(-1, 1, 4)
        order = tuple(int(channel) for channel in rng.permutation(3))
        brightness, contrast, saturation, hue = np.where(chosen[:4], offsets, 0.0).tolist()
        return Distortion(
            brightness * self.brightness,
            1 + contrast * self.contrast,
            first,
            1 + saturation * self.saturation,
            hue * self.hue,
            order if chosen[4] and self.swap_channels else _NO_ORDER,
        )

    def apply(self, sample: DetSample, params: Distortion) -> DetSample:
        """Apply drawn changes."""
        source = sample["image"]
        before, after = (params.contrast, 1.0) if params.contrast_first else (1.0, params.contrast)
        image = source.astype(np.float32)
        if params.brightness or before != 1:
            image = (image + params.brightness) * before
        if params.saturation != 1 or params.hue:
            image = _turned(np.maximum(image, 0), params.saturation, params.hue)
        if after != 1:
            image *= after
        if params.order != _NO_ORDER:
            image = image[..., params.order]
        np.clip(image, 0, 255, out=image)
        if source.dtype == np.uint8:
            image = np.rint(image, out=image).astype(np.uint8)
        return {**sample, "image": image}


def _turned(image: np.ndarray, saturation: float, hue: float) -> np.ndarray:
    """An RGB image (H, W, 3) float32 >= 0 with another saturation and hue. Brightness may exceed 255."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)  # hue in degrees, saturation 0 to 1
    hsv[..., 0] = (hsv[..., 0] + hue) % 360
    hsv[..., 1] *= saturation
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
