"""Sizes of text lines, read before training."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import DataError
from mindocr.formats.record import Record
from mindocr.images.crops import line_view
from mindocr.images.sizes import upright_size
from mindocr.utils.progress import progress
from mindocr.utils.wording import count

logger = logging.getLogger(__name__)

Lines = Iterable[tuple[str, np.ndarray]]  # image file, and polygon; an empty polygon = the line fills its image


class TextLines:
    """Part of a data set of text lines: how wide they are, for samplers that put lines of similar width together."""

    records: Sequence[Record]
    pipeline: Pipeline

    def line_of(self, record: Record) -> tuple[str, np.ndarray]:
        """Image file and polygon of a line."""
        raise NotImplementedError

    def aspect_ratios(self) -> np.ndarray:
        """Width divided by height of every line, see :func:`aspect_ratios`."""
        return aspect_ratios(map(self.line_of, self.records), len(self.records), self.pipeline)


def aspect_ratios(lines: Lines, total: int, pipeline: Pipeline) -> np.ndarray:
    """Width divided by height of text lines, as ``CropTextLine`` cuts them out.

    Args:
        lines: of the data set.
        total: their number.
        pipeline: its DecodeImage says whether images are turned by their EXIF data.

    Returns:
        (N,) float64, above 0; infinity where it cannot be known, as of a broken image, which the log counts.
    """
    heights, widths = line_sizes(lines, total, pipeline).T
    if unknown := int(np.isnan(heights).sum()):
        logger.warning("%s without a known size, treated as the widest", count(unknown, "text line"))
    return np.nan_to_num(widths / heights, nan=np.inf)


def line_sizes(lines: Lines, total: int, pipeline: Pipeline) -> np.ndarray:
    """Sizes (N, 2) of text lines, h and w in pixels, float64; NaN where they cannot be known.

    Args:
        lines, total, pipeline: as for :func:`aspect_ratios`.
    """
    decoding: Any = next((op for op in pipeline.ops if hasattr(op, "ignore_orientation")), None)
    ignore = decoding is not None and decoding.ignore_orientation
    flat = (side for size in _sizes(lines, total, ignore) for side in size)
    return np.fromiter(flat, np.float64, 2 * total).reshape(-1, 2)


def _sizes(lines: Lines, total: int, ignore_orientation: bool) -> Iterator[tuple[float, float]]:
    for path, polygon in progress(lines, "look at the sizes of text lines", "line", total):
        try:
            size = line_view(polygon, (0, 0)).shape if len(polygon) else upright_size(path, ignore_orientation)
        except DataError:  # a faulty polygon, which is an error of its sample
            size = None
        yield (np.nan, np.nan) if size is None else size
