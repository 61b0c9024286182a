"""Pixel values and memory layout for a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.checks import Spec
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import ConfigError
from mindocr.registry import TRANSFORMS

IMAGENET_MEAN = (123.675, 116.28, 103.53)  # red, green, blue, on the scale 0-255
IMAGENET_STD = (58.395, 57.12, 57.375)
_ROWS = 64  # rows at a time, so that data are in the CPU cache for the next step


@TRANSFORMS.register
class NormalizeImage:
    """(value - mean) / std for each channel; the result is float32.

    Args:
        mean: three values on the scale 0-255, in the channel order after a swap; ``imagenet`` is
            (123.675, 116.28, 103.53).
        std: three values on the same scale, in the same order; ``imagenet`` is (58.395, 57.12, 57.375).
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
            raise ConfigError("NormalizeImage: bgr_to_rgb and rgb_to_bgr cancel each other; set only one of them")
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
        # Stored as separate planes, with an (H, W, 3) view: ToCHWImage then need not copy.
        planes = np.empty((3, *(image.shape[:2] if self.is_hwc else image.shape[1:])), dtype=np.float32)
        for top in range(0, planes.shape[1], _ROWS):
            rows = slice(top, top + _ROWS)
            parts = cv2.split(image[rows]) if self.is_hwc else tuple(image[:, rows])
            for channel, part in enumerate(parts[::-1] if self.swap else parts):
                self._normalize(part, channel, planes[channel, rows])
        return {**sample, "image": planes.transpose(1, 2, 0) if self.is_hwc else planes}

    def _normalize(self, plane: np.ndarray, channel: int, out: np.ndarray) -> None:
        if plane.dtype == np.uint8:
            cv2.LUT(plane, self._tables[channel], dst=out)
        else:
            np.subtract(plane, np.float32(self.mean[channel]), out=out)
            out /= np.float32(self.std[channel])


@TRANSFORMS.register
class ToCHWImage:
    """(H, W, 3) becomes (3, H, W), contiguous in memory."""

    reads = ("image",)
    writes = ("image",)

    def __call__(self, sample: DetSample) -> DetSample:
        image_size(sample)
        return {**sample, "image": np.ascontiguousarray(sample["image"].transpose(2, 0, 1))}


def split_normalization(specs: Sequence[Spec]) -> tuple[list[Spec], NormalizeImage | None]:
    """Remove NormalizeImage and ToCHWImage from the end of a pipeline, so that images can be normalised elsewhere.

    Returns:
        The ops before them, whose images are (H, W, 3) uint8, and NormalizeImage; or all ops and None if the pipeline
        does not end with these two, or its images are not uint8.
    """
    named = [(spec, {}) if isinstance(spec, str) else _only_item(spec) for spec in specs]
    ends_so = [name for name, _ in named[-2:]] == ["NormalizeImage", "ToCHWImage"]
    if not ends_so or any(args.get("to_float32") or args.get("channel_first") for _, args in named):
        return list(specs), None
    return list(specs[:-2]), NormalizeImage(**named[-2][1])


def _only_item(spec: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    ((name, args),) = spec.items()
    return name, args or {}


def _three(key: str, values: Sequence[float]) -> tuple[float, float, float]:
    if isinstance(values, str) or len(values) != 3:
        raise ConfigError(f"NormalizeImage: {key} must be 'imagenet' or three numbers, got {values!r}")
    return values[0], values[1], values[2]
