"""Pixel values and memory layout, as a network wants them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import ConfigError
from mindocr.registry import TRANSFORMS

IMAGENET_MEAN = (123.675, 116.28, 103.53)  # red, green, blue, on the scale 0-255
IMAGENET_STD = (58.395, 57.12, 57.375)


@TRANSFORMS.register
class NormalizeImage:
    """(value - mean) / std for each channel; gives float32.

    Args:
        mean: three values on the scale 0-255, for the channels in the order they have after a swap; ``imagenet`` is
            (123.675, 116.28, 103.53).
        std: likewise; ``imagenet`` is (58.395, 57.12, 57.375).
        is_hwc: the image is (H, W, 3); otherwise (3, H, W).
        bgr_to_rgb: swap red and blue first.
        rgb_to_bgr: the same swap; only one of the two may be set.
    """

    reads = ("image",)
    writes = ("image",)

    def __init__(
        self,
        mean: Literal["imagenet"] | Sequence[float] = "imagenet",
        std: Literal["imagenet"] | Sequence[float] = "imagenet",
        is_hwc: bool = True,
        bgr_to_rgb: bool = False,
        rgb_to_bgr: bool = False,
    ) -> None:
        if bgr_to_rgb and rgb_to_bgr:
            raise ConfigError("NormalizeImage: bgr_to_rgb and rgb_to_bgr undo each other; set one of them")
        self.mean = _three("mean", IMAGENET_MEAN if mean == "imagenet" else mean)
        self.std = _three("std", IMAGENET_STD if std == "imagenet" else std)
        if min(self.std) <= 0:
            raise ConfigError(f"NormalizeImage: std must be three values above 0, got {self.std}")
        self.is_hwc = is_hwc
        self.swap = bgr_to_rgb or rgb_to_bgr
        values = np.arange(256, dtype=np.float32)
        self._tables = [(values - np.float32(m)) / np.float32(s) for m, s in zip(self.mean, self.std)]

    def __call__(self, sample: DetSample) -> DetSample:
        image = sample["image"]
        if self.is_hwc:
            image_size(sample)
            planes = cv2.split(image)
        else:
            planes = tuple(image)
        # Planes one after the other in memory, seen as (H, W, 3): ToCHWImage then has nothing to copy.
        result = np.empty((3, *planes[0].shape), dtype=np.float32)
        for channel, plane in enumerate(planes[::-1] if self.swap else planes):
            if plane.dtype == np.uint8:
                cv2.LUT(plane, self._tables[channel], dst=result[channel])
            else:
                np.subtract(plane, np.float32(self.mean[channel]), out=result[channel])
                result[channel] /= np.float32(self.std[channel])
        return {**sample, "image": result.transpose(1, 2, 0) if self.is_hwc else result}


@TRANSFORMS.register
class ToCHWImage:
    """(H, W, 3) becomes (3, H, W), contiguous in memory."""

    reads = ("image",)
    writes = ("image",)

    def __call__(self, sample: DetSample) -> DetSample:
        image_size(sample)
        return {**sample, "image": np.ascontiguousarray(sample["image"].transpose(2, 0, 1))}


def _three(key: str, values: Sequence[float]) -> tuple[float, float, float]:
    if isinstance(values, str) or len(values) != 3:
        raise ConfigError(f"NormalizeImage: {key} must be 'imagenet' or three numbers, got {values!r}")
    return values[0], values[1], values[2]
