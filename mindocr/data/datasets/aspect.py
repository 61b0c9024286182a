"""Aspect ratios of text lines, read before training."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import numpy as np

from mindocr.data.transforms.load import DecodeImage
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import DataError
from mindocr.images.crops import line_view
from mindocr.images.sizes import upright_size
from mindocr.utils.progress import progress
from mindocr.utils.wording import count

logger = logging.getLogger(__name__)


def aspect_ratios(lines: Iterable[tuple[str, np.ndarray]], total: int, pipeline: Pipeline) -> np.ndarray:
    """Width divided by height of text lines, as ``CropTextLine`` cuts them out.

    Args:
        lines: image file and polygon of each line; an empty polygon = the line fills its image.
        total: number of lines.
        pipeline: its DecodeImage says whether images are turned by their EXIF data.

    Returns:
        (N,) float64, above 0; infinity where it cannot be known, as of a broken image, which the log counts.
    """
    ignore = any(isinstance(op, DecodeImage) and op.ignore_orientation for op in pipeline.ops)
    ratios = np.fromiter(_ratios(lines, total, ignore), np.float64, total)
    if unknown := int(np.isinf(ratios).sum()):
        logger.warning("%s without a known size, treated as the widest", count(unknown, "text line"))
    return ratios


def _ratios(lines: Iterable[tuple[str, np.ndarray]], total: int, ignore_orientation: bool) -> Iterator[float]:
    for path, polygon in progress(lines, "look at the widths of text lines", "line", total):
        try:
            size = line_view(polygon, (0, 0)).shape if len(polygon) else upright_size(path, ignore_orientation)
        except DataError:  # a faulty polygon, which is an error of its sample
            size = None
        yield np.inf if size is None else size[1] / size[0]
