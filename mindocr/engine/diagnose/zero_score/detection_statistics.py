"""Statistics of detection: evaluated images with their probability maps, and label maps of training batches.

NumPy only. The cost is two passes over each probability map, and an examination of every tenth training batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from mindocr.geometry import Polygon
from mindocr.predictions.detection import Detection

SAMPLED = 10  # every tenth training batch is examined, and the first ten


class ImageStatistics(NamedTuple):
    """Statistics of one evaluated image; polygons in pixels of the source image.

    Attributes:
        path: its file.
        shape: (4,) source height, source width, ratio_h, ratio_w; network pixel = source pixel * ratio.
        truth, ignore: ground-truth polygons, and which of them are ignored (bool).
        found: the post-processing's result.
        highest: highest probability of the map without its padding; NaN where the map contains NaN.
        above: pixels above ``text_threshold``, of ``pixels``.
    """

    path: str
    shape: np.ndarray
    truth: Sequence[Polygon]
    ignore: np.ndarray
    found: Detection
    highest: float
    above: int
    pixels: int


@dataclass
class EvaluationStatistics:
    """Statistics of the images of one evaluation.

    Attributes:
        text_threshold, box_thresh: of the post-processing; a pixel is text above the first one.
        images: one entry for each.
        example: (image, its probability map (H, W) without padding) to be shown: of those with texts that count, the
            one with the highest probability.
        threshold_name: what the post-processing calls ``text_threshold``.
    """

    text_threshold: float = 0.0
    box_thresh: float = 0.0
    images: list[ImageStatistics] = field(default_factory=list)
    example: tuple[ImageStatistics, np.ndarray] | None = None
    threshold_name: str = "binary_thresh"

    def add(
        self, path: str, shape: np.ndarray, prob: np.ndarray, found: Detection, truth: Sequence[Polygon],
        ignore: np.ndarray,
    ) -> None:  # fmt: skip
        """Add an image with the probability map ``prob`` (H, W); padding at its right and lower side is left out."""
        shape = np.asarray(shape)
        h, w = (max(round(side), 1) for side in (shape[0] * shape[2], shape[1] * shape[3]))
        prob = prob[:h, :w]
        above = int(np.count_nonzero(prob > self.text_threshold))
        ignore = np.asarray(ignore, dtype=bool)
        image = ImageStatistics(path, shape, truth, ignore, found, float(prob.max()), above, prob.size)
        self.images.append(image)
        if self.example is None or _rank(image) > _rank(self.example[0]):
            self.example = image, prob

    def counted(self) -> Iterator[tuple[ImageStatistics, Polygon]]:
        """Every text that counts, with its image."""
        return ((image, text) for image in self.images for text, no in zip(image.truth, image.ignore) if not no)


def _rank(image: ImageStatistics) -> tuple[bool, float]:
    return bool((~image.ignore).any()), float(np.nan_to_num(image.highest, nan=-1.0))


@dataclass
class TrainingStatistics:
    """Statistics of the label maps of training batches; images and pixels are those of the examined batches.

    Attributes:
        images: examined.
        empty: examined images without a positive pixel.
        bordered: of the empty ones, those where the threshold map has texts that count.
        positive, masked, pixels: positive pixels, pixels that do not count, and all.
    """

    batches: int = 0
    images: int = 0
    empty: int = 0
    bordered: int = 0
    positive: float = 0.0
    masked: float = 0.0
    pixels: int = 0

    def add(self, batch: Mapping[str, Any] | None) -> None:
        """Count a batch, and examine ``binary_map`` and ``mask`` (N, H, W) of the first ten and of every tenth."""
        self.batches += 1
        if batch is None or "binary_map" not in batch or (self.batches > SAMPLED and self.batches % SAMPLED):
            return
        binary, mask = np.asarray(batch["binary_map"]), batch.get("mask")
        per_image = binary.reshape(len(binary), -1).sum(axis=1)
        empty = per_image == 0
        self.images += len(binary)
        self.empty += int(empty.sum())
        self.positive += float(per_image.sum())
        self.pixels += binary.size
        if mask is not None:
            self.masked += float(binary.size - np.asarray(mask).sum())
        if "thresh_mask" in batch and empty.any():
            border = np.asarray(batch["thresh_mask"])[empty]
            self.bordered += int(border.reshape(len(border), -1).any(axis=1).sum())
