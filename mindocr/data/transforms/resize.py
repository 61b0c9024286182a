"""Resizing for evaluation and prediction, with the scales for mapping results back to the source image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import ConfigError, DataError
from mindocr.geometry.polygon import transform
from mindocr.registry import TRANSFORMS


@TRANSFORMS.register
class DetResize:
    """Resize the image for the network and store the scales in ``shape_list``.

    The size depends on ``target_size`` if it is set, else on ``limit_type`` and ``limit_side_len``. In training the
    polygons are scaled too; in evaluation they stay in source pixels, in which results are compared.

    Differences from MindOCR: if ``shape_list`` already exists, each axis is multiplied by its own scale (in MindOCR,
    the width by that of the height); sizes become multiples of ``divisor`` itself, not of 32, and are rounded up unless
    ``rounding: nearest``; a padded ``target_size`` that is no such multiple is an error.

    Args:
        target_size: [h, w] in pixels.
        keep_ratio: with ``target_size``: keep the aspect ratio, so that the image fits into it.
        padding: with ``target_size`` and ``keep_ratio``: pad to it with black at the bottom and on the right.
        limit_type: ``min`` enlarges an image whose short side is below ``limit_side_len``, ``max`` reduces one whose
            long side is above it, ``none`` (or null) keeps the size.
        limit_side_len: pixels.
        force_divisable: round both sides up to multiples of ``divisor``.
        divisor: largest stride of the network.
        rounding: how a size that keeps the aspect ratio becomes a multiple of ``divisor``. ``up``: the smallest
            multiple that is not below it; with ``padding`` the content keeps its size. ``nearest``: the nearest
            multiple, the content's too, and also without ``force_divisable``, as in MindOCR; 1090 pixels become 1088,
            not 1120.
        max_pixels: largest number of pixels after resizing; more is an error: ``limit_type: min`` would enlarge a strip
            of 20000 x 10 pixels to a billion pixels.
    """

    reads = ("image",)
    writes = ("image", "shape_list")

    def __init__(
        self,
        target_size: Sequence[int] | None = None,
        keep_ratio: bool = True,
        padding: bool = False,
        limit_type: Literal["min", "max", "none"] | None = "min",
        limit_side_len: int = 736,
        force_divisable: bool = True,
        divisor: int = 32,
        max_pixels: int = 1 << 26,
        rounding: Literal["up", "nearest"] = "up",
        is_train: bool = False,
    ) -> None:
        if target_size is not None and (len(target_size) != 2 or min(target_size) < 1):
            raise ConfigError(f"DetResize: target_size must be two sizes [h, w] in pixels, got {list(target_size)}")
        if limit_side_len < 1 or divisor < 1:
            raise ConfigError(
                f"DetResize: limit_side_len and divisor must be 1 or more, got {limit_side_len} and {divisor}"
            )
        self.target_size = None if target_size is None else (target_size[0], target_size[1])
        self.pad = target_size is not None and keep_ratio and padding
        if self.pad and force_divisable and self.target_size is not None:
            multiple = tuple(_round_up(side, divisor) for side in self.target_size)
            if multiple != self.target_size:
                raise ConfigError(
                    f"DetResize: target_size {list(self.target_size)} is not a multiple of divisor {divisor}; "
                    f"use {list(multiple)}, or force_divisable: False"
                )
        self.keep_ratio = keep_ratio
        self.limit_type = None if limit_type == "none" else limit_type
        self.limit_side_len = limit_side_len
        self.divisor = divisor if force_divisable else 1
        self.nearest = divisor if rounding == "nearest" else None
        self.max_pixels = max_pixels
        self.is_train = is_train

    def __call__(self, sample: DetSample) -> DetSample:
        image = sample["image"]
        h, w = image_size(sample)
        new_h, new_w = self.new_size(h, w)
        if new_h * new_w > self.max_pixels:
            raise DataError(
                f"{sample.get('img_path', 'image')}: {w} x {h} pixels (w x h) would become {new_w} x {new_h} for the "
                f"network, {new_h * new_w} in all, above the limit of {self.max_pixels}; choose another limit_type, "
                "limit_side_len or target_size, or raise max_pixels of DetResize in the transform_pipeline"
            )
        if (new_h, new_w) != (h, w):
            image = cv2.resize(image, (new_w, new_h), interpolation=cv2.INTER_LINEAR)
        if self.pad and self.target_size is not None and self.target_size != (new_h, new_w):
            canvas = np.zeros((*self.target_size, 3), dtype=image.dtype)
            canvas[:new_h, :new_w] = image
            image = canvas
        ratio_h, ratio_w = new_h / h, new_w / w
        shape = np.array([h, w, 1, 1], dtype=np.float32)
        if "shape_list" in sample:
            shape = np.array(sample["shape_list"], dtype=np.float32)
        shape[2:] *= (ratio_h, ratio_w)
        resized: DetSample = {**sample, "image": image, "shape_list": shape}
        if self.is_train and "polys" in sample:
            resized["polys"] = transform(sample["polys"], np.diag([ratio_w, ratio_h, 1.0]))
        return resized

    def new_size(self, h: int, w: int) -> tuple[int, int]:
        """(h, w) of the image itself after resizing, before padding."""
        if self.target_size is not None:
            target_h, target_w = self.target_size
            if not self.keep_ratio:
                return _round_up(target_h, self.divisor), _round_up(target_w, self.divisor)
            scale = min(target_h / h, target_w / w)
            if self.nearest:
                fitted = self._nearest(h * scale, target_h), self._nearest(w * scale, target_w)
            else:
                fitted = min(_scaled(h, scale), target_h), min(_scaled(w, scale), target_w)
            if self.pad:
                return fitted
            return _round_up(fitted[0], self.divisor), _round_up(fitted[1], self.divisor)
        if self.limit_type is None:
            return _round_up(h, self.divisor), _round_up(w, self.divisor)
        if self.limit_type == "min":
            scale = max(self.limit_side_len / min(h, w), 1.0)
        else:
            scale = min(self.limit_side_len / max(h, w), 1.0)
        if self.nearest:
            return self._nearest(h * scale), self._nearest(w * scale)
        return _round_up(_scaled(h, scale), self.divisor), _round_up(_scaled(w, scale), self.divisor)

    def _nearest(self, side: float, largest: int | None = None) -> int:
        """The nearest multiple of ``divisor`` above 0, at most ``largest``; of two the one with an even factor.

        As in MindOCR, the fraction of a pixel is cut off first.
        """
        divisor = self.nearest or 1
        multiple = max(round(int(side + 1e-6) / divisor), 1) * divisor
        return multiple if largest is None else min(multiple, largest)


def _scaled(side: int, scale: float) -> int:
    # the small number prevents 1280 * (960 / 1280) from becoming 961
    return max(math.ceil(side * scale - 1e-6), 1)


def _round_up(side: int, divisor: int) -> int:
    return max(math.ceil(side / divisor), 1) * divisor
