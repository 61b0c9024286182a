"""Random changes of brightness and saturation."""

from __future__ import annotations

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.protocol import ColourOp
from mindocr.errors import ConfigError
from mindocr.registry import TRANSFORMS

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, of red, green and blue


@TRANSFORMS.register
class RandomColorAdjust(ColourOp):
    """Multiply brightness and saturation by random factors; requires an RGB image.

    Saturation mixes each pixel with its grey value. Deliberate difference from MindOCR: both changes are one 3 x 3
    matrix, so values are rounded and clipped to 0-255 once, not twice.

    Args:
        brightness: factor drawn uniformly from [max(0, 1 - brightness), 1 + brightness].
        saturation: factor drawn uniformly from [max(0, 1 - saturation), 1 + saturation]; 0 is grey.
    """

    def __init__(self, brightness: float = 32 / 255, saturation: float = 0.5) -> None:
        for key, value in (("brightness", brightness), ("saturation", saturation)):
            if not value >= 0:
                raise ConfigError(f"RandomColorAdjust: {key} must be 0 or more, got {value}")
        self.brightness = brightness
        self.saturation = saturation

    def draw(self, rng: np.random.Generator, sample: DetSample) -> tuple[float, float]:
        """The two factors: brightness, saturation."""
        return (
            float(rng.uniform(max(0.0, 1 - self.brightness), 1 + self.brightness)),
            float(rng.uniform(max(0.0, 1 - self.saturation), 1 + self.saturation)),
        )

    def apply(self, sample: DetSample, params: tuple[float, float]) -> DetSample:
        brightness, saturation = params
        mix = brightness * (saturation * np.eye(3) + (1 - saturation) * _LUMA)
        image = cv2.transform(sample["image"], mix)
        return {**sample, "image": image if image.dtype == np.uint8 else np.clip(image, 0, 255)}
