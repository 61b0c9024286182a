"""Cropping, resizing and padding of images that show one text line, for recognition (PP-OCR, "Text recognition")."""

from __future__ import annotations

import math
from typing import Any, cast

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import ConfigError
from mindocr.images.crops import cut_line
from mindocr.registry import TRANSFORMS


@TRANSFORMS.register
class CropTextLine:
    """Crop the line inside ``polygon`` out of the image, rectified (see ``images/crops.py``).

    With an empty polygon the line fills the image, which is kept as it is.
    """

    reads = ("image", "polygon")
    writes = ("image",)

    def __call__(self, sample: DetSample) -> DetSample:
        if "crop" in sample:  # made before, see datasets/word_crops.py
            rest = {key: value for key, value in sample.items() if key != "crop"}
            return cast(DetSample, {**rest, "image": sample["crop"]})
        image_size(sample)
        polygon = sample["polygon"]
        return {**sample, "image": cut_line(sample["image"], polygon)} if len(polygon) else sample


@TRANSFORMS.register
class ResizeTextLine:
    """Resize to a fixed height; the width keeps the aspect ratio, rounded up, and is noted as ``line_width``.

    A size that a sampler chose for the batch replaces ``height`` and ``max_width``.

    Args:
        height: pixels.
        max_width: wider results are squeezed to this; pixels. A line of 200 characters needs about 2400 at height 48.
    """

    reads = ("image",)
    writes = ("image", "line_width")
    follows_batch = True

    def __init__(self, height: int = 48, max_width: int = 3200) -> None:
        if height < 1 or max_width < 1:
            raise ConfigError(f"ResizeTextLine: height and max_width must be 1 or more, got {height} and {max_width}")
        self.height, self.max_width = height, max_width

    def __call__(self, sample: DetSample) -> DetSample:
        h, w = image_size(sample)
        height, widest = sample.get("batch_image_size", (self.height, self.max_width))
        width = min(max(math.ceil(height * w / h), 1), widest)
        resized = cv2.resize(sample["image"], (width, height), interpolation=cv2.INTER_LINEAR)
        return {**sample, "image": resized, "line_width": width}


@TRANSFORMS.register
class PadTextLine:
    """Pad a normalised image (3, H, W) on the right with 0, the middle of the normalised values.

    A size that a sampler chose for the batch replaces ``min_width`` and ``multiple``.

    Args:
        min_width: pixels; narrower images are padded to it.
        multiple: pixels; the width is padded to a multiple of it.
    """

    reads = ("image",)
    writes = ("image",)

    follows_batch = True

    def __init__(self, min_width: int = 320, multiple: int = 1) -> None:
        if min_width < 1 or multiple < 1:
            raise ConfigError(f"PadTextLine: min_width and multiple must be 1 or more, got {min_width} and {multiple}")
        self.min_width, self.multiple = min_width, multiple

    def __call__(self, sample: DetSample) -> DetSample:
        image = sample["image"]
        if image.ndim != 3 or image.shape[0] != 3:
            raise ConfigError(f"PadTextLine: expected (3, H, W), got {image.shape}; put it after ToCHWImage")
        if "batch_image_size" in sample:
            width = sample["batch_image_size"][1]
        else:
            width = math.ceil(max(image.shape[2], self.min_width) / self.multiple) * self.multiple
        return {**sample, "image": pad_right(image, width)}


def width_of_lines(pipeline: Pipeline) -> int | None:
    """Width of all lines after a pipeline, pixels; the least where lines differ, None where it cannot be known."""
    padding: Any = next((op for op in pipeline.ops if isinstance(op, PadTextLine)), None)
    return None if padding is None else math.ceil(padding.min_width / padding.multiple) * padding.multiple


def pad_right(image: np.ndarray, width: int) -> np.ndarray:
    """(C, H, W) padded with 0 on the right to ``width`` pixels; unchanged if it is that wide already."""
    if image.shape[2] >= width:
        return image
    padded = np.zeros((*image.shape[:2], width), image.dtype)  # np.pad takes several times as long
    padded[:, :, : image.shape[2]] = image
    return padded
