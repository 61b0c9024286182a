"""Targets of CTPN: which anchors are text, where the text is, and where its sides are (ECCV 2016, section 3).

All arrays with one entry for each anchor have the order of :mod:`mindocr.geometry.text_anchors`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import ConfigError
from mindocr.geometry.many import bounds
from mindocr.geometry.text_anchors import STRIDE, Heights, anchor_grid, count_of, encode, heights_of
from mindocr.geometry.text_strips import SliceMode, Strips, covered, cut_into_strips, overlap
from mindocr.registry import TRANSFORMS

IGNORED, BACKGROUND, TEXT = -1, 0, 1  # classes of an anchor
_IGNORED_SHARE = 0.5  # an anchor with more of its area in ignored text does not count

logger = logging.getLogger(__name__)


class Assignment(NamedTuple):
    """What the anchors of a feature map of C columns and M anchors in each column are.

    Attributes:
        classes: (C, M) int8: ``TEXT``, ``BACKGROUND``, or ``IGNORED``.
        strips: (C, M) int64, the number of the strip that an anchor belongs to or overlaps most; 0 without strips.
        overlaps: (C, M) float32, the largest overlap of an anchor with a strip; 0 outside the image.
    """

    classes: np.ndarray
    strips: np.ndarray
    overlaps: np.ndarray


@TRANSFORMS.register
class AnchorTargets:
    """Cut texts into strips, assign anchors to them, and sample anchors for the loss.

    An anchor is text if it overlaps a strip by ``positive_overlap`` or more (intersection over union), or more than any
    other anchor overlaps this strip; of several anchors that overlap it equally, all are text. It is background if it
    overlaps every strip by less than ``negative_overlap``. Other anchors, and those that reach beyond the image, do not
    count. Run it after the last op that changes the size of the image, whose sides must be multiples of 16.

    Deliberate differences from MindSpore's CTPN: ignored text is not learned as text (see ``ignore_mode``), and strips
    that are too many (see ``max_strips``) are not dropped silently.

    Args:
        anchor_heights: pixels: ``mindspore`` (14 heights), ``paper`` (10), or a list.
        slice_mode: how high strips are: ``box``, as the bounding box of the text; ``quad``, along its edges.
        ignore_mode: ``ignore``: anchors with more than half of their area in ignored text do not count; ``positive``:
            ignored text is text, as in MindSpore's CTPN.
        positive_overlap: in [0, 1].
        negative_overlap: in [0, 1].
        min_overlap: a strip that no anchor overlaps by this much has no anchor.
        num_samples: anchors of an image that count for the classes; background fills up what text leaves.
        max_positives: of them, text at most.
        box_overlap: anchors that overlap a strip by more than this count for the position, too, besides those sampled
            as text; None = only those. The paper uses 0.5.
        side_reach: anchors that count for the position and whose centre is at most so many pixels from the left or
            right side of their text count for the side.
        max_strips: strips of an image that are used; the others are treated as ignored text, and a warning states their
            number. None = all. MindSpore's CTPN uses 256 and drops the others silently.

    Raises:
        ConfigError: an argument is out of its range.
    """

    reads = ("image", "polys", "ignore_tags")
    writes = ("anchor_classes", "box_targets", "box_mask", "side_targets", "side_mask")

    def __init__(
        self,
        anchor_heights: Heights = "mindspore",
        slice_mode: SliceMode = "box",
        ignore_mode: Literal["ignore", "positive"] = "ignore",
        positive_overlap: float = 0.7,
        negative_overlap: float = 0.5,
        min_overlap: float = 0.001,
        num_samples: int = 512,
        max_positives: int = 256,
        box_overlap: float | None = None,
        side_reach: float = 32.0,
        max_strips: int | None = None,
    ) -> None:
        try:
            self.heights = heights_of(anchor_heights)
        except ValueError as error:
            raise ConfigError(f"AnchorTargets: anchor_heights: {error}") from None
        if not 0 <= negative_overlap <= positive_overlap <= 1:
            raise ConfigError(
                "AnchorTargets: expected 0 <= negative_overlap <= positive_overlap <= 1, got "
                f"{negative_overlap} and {positive_overlap}"
            )
        if not 0 <= max_positives <= num_samples or num_samples < 1:
            raise ConfigError(
                f"AnchorTargets: expected 0 <= max_positives <= num_samples, got {max_positives} and {num_samples}"
            )
        if max_strips is not None and max_strips < 1:
            raise ConfigError(f"AnchorTargets: max_strips must be 1 or more, got {max_strips}; null uses all strips")
        self.slice_mode: SliceMode = slice_mode
        self.ignores = ignore_mode == "ignore"
        self.positive_overlap = positive_overlap
        self.negative_overlap = negative_overlap
        self.min_overlap = min_overlap
        self.num_samples = num_samples
        self.max_positives = max_positives
        self.box_overlap = box_overlap
        self.side_reach = side_reach
        self.max_strips = max_strips
        self._warned: set[str] = set()

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
        """The number of anchors, which other parts must have, too."""
        agrees = (("anchors", count_of(arguments.get("anchor_heights", "mindspore"))),)
        return {"reads": cls.reads, "writes": cls.writes, "agrees": agrees}

    def draw(self, rng: np.random.Generator, sample: DetSample) -> np.ndarray:
        """(A,) float64: anchors with the lowest numbers are sampled first."""
        rows, columns = self._map_size(sample)
        return rng.random(rows * columns * len(self.heights))

    def apply(self, sample: DetSample, params: np.ndarray) -> DetSample:
        rows, columns = self._map_size(sample)
        in_column = anchor_grid(self.heights, rows, 1)
        used, ignored = self._strips(sample)
        found = assign(
            used, in_column, columns, rows * STRIDE, self.positive_overlap, self.negative_overlap, self.min_overlap
        )
        if len(ignored.boxes):
            excluded = _within(ignored, in_column, columns, bounds(sample["polys"]))
            found.classes[excluded], found.overlaps[excluded] = IGNORED, 0
        classes, strips, overlaps = (_in_order(each, rows) for each in found)
        classes = choose(classes, params, self.num_samples, self.max_positives)
        counts = classes == TEXT
        if self.box_overlap is not None:
            counts |= overlaps > self.box_overlap
        anchors = anchor_grid(self.heights, rows, columns)[counts]
        boxes, sides = used.boxes[strips[counts]], bounds(sample["polys"])[used.owners[strips[counts]], 0::2]
        return {**sample, "anchor_classes": classes, **self._positions(counts, anchors, boxes, sides)}

    def _map_size(self, sample: DetSample) -> tuple[int, int]:
        h, w = image_size(sample)
        if h % STRIDE or w % STRIDE:
            raise ConfigError(
                f"AnchorTargets: the image is {w} x {h} pixels (w x h); its sides must be multiples of {STRIDE}. "
                f"Resize or crop it before, such as with DetResize and divisor: {STRIDE}"
            )
        return h // STRIDE, w // STRIDE

    def _strips(self, sample: DetSample) -> tuple[Strips, Strips]:
        """Strips of text, and strips that do not count."""
        strips = cut_into_strips(sample["polys"], image_size(sample), self.slice_mode)
        is_text = np.ones(len(strips.boxes), dtype=bool)
        if self.ignores:
            is_text = ~np.asarray(sample["ignore_tags"], dtype=bool)[strips.owners]
        excess = np.zeros_like(is_text)
        if self.max_strips is not None:
            excess = is_text & (np.cumsum(is_text) > self.max_strips)
        if excess.any():
            self._warn(sample.get("img_path", "an image"), int(excess.sum()))
        return strips.take(is_text & ~excess), strips.take(~is_text | excess)

    def _warn(self, path: str, excess: int) -> None:
        if path not in self._warned:
            self._warned.add(path)
            logger.warning(
                "%s: its texts have %d strips of %d pixels more than max_strips (%s) of AnchorTargets; they are "
                "treated as ignored text. Raise max_strips, or set it to null",
                path, excess, STRIDE, self.max_strips,
            )  # fmt: skip

    def _positions(self, counts: np.ndarray, anchors: np.ndarray, boxes: np.ndarray, sides: np.ndarray) -> DetSample:
        """Targets and masks of boxes and sides.

        Args:
            counts: (A,) bool, marks the P anchors that have them.
            anchors: (P, 4), these anchors.
            boxes: (P, 4), the strip of each.
            sides: (P, 2), x of the left and the right side of its text.
        """
        box_targets = np.zeros((len(counts), 4), dtype=np.float32)
        box_targets[counts] = encode(anchors, boxes)
        distances = sides - (anchors[:, :1] + STRIDE / 2)
        nearest = np.where(np.abs(distances[:, 0]) <= np.abs(distances[:, 1]), distances[:, 0], distances[:, 1])
        side_targets = np.zeros(len(counts), dtype=np.float32)
        side_targets[counts] = nearest / STRIDE
        side_mask = np.zeros(len(counts), dtype=np.uint8)
        side_mask[counts] = np.abs(nearest) <= self.side_reach
        return {
            "box_targets": box_targets,
            "box_mask": counts.astype(np.uint8),
            "side_targets": side_targets,
            "side_mask": side_mask,
        }


def assign(
    strips: Strips,
    anchors: np.ndarray,
    columns: int,
    height: int,
    positive_overlap: float = 0.7,
    negative_overlap: float = 0.5,
    min_overlap: float = 0.001,
) -> Assignment:
    """Assign anchors to strips.

    A strip also gets the anchors that overlap it most, all of them if several do equally. An anchor that is the best
    of several strips belongs to the last of them.

    Args:
        strips: of the texts.
        anchors: (M, 4) of the first column, in the order of their rows.
        columns: C, of the feature map.
        height: of the image in pixels; anchors must be inside.
        positive_overlap, negative_overlap, min_overlap: see :class:`AnchorTargets`.
    """
    inside = (anchors[:, 1] >= 0) & (anchors[:, 3] <= height - 1)
    if not len(strips.boxes):
        zeros = np.zeros((columns, len(anchors)))
        classes = np.where(inside, BACKGROUND, IGNORED).astype(np.int8)
        return Assignment(np.tile(classes, (columns, 1)), zeros.astype(np.int64), zeros.astype(np.float32))
    rank, depth = _ranks(strips.columns)
    overlaps = np.zeros((columns, depth, len(anchors)), dtype=np.float32)
    overlaps[strips.columns, rank] = overlap(strips.boxes, anchors) * inside
    numbers = np.zeros((columns, depth), dtype=np.int64)
    numbers[strips.columns, rank] = np.arange(len(rank))

    largest = overlaps.max(axis=1)
    owner = overlaps.argmax(axis=1)
    classes = np.full(largest.shape, IGNORED, dtype=np.int8)
    classes[largest < negative_overlap] = BACKGROUND
    classes[largest >= positive_overlap] = TEXT
    of_strip = overlaps.max(axis=2, keepdims=True)
    is_best = (overlaps == of_strip) & (of_strip >= min_overlap)
    last = depth - 1 - is_best[:, ::-1].argmax(axis=1)
    is_any = is_best.any(axis=1)
    classes[is_any] = TEXT
    classes[:, ~inside] = IGNORED
    return Assignment(classes, np.take_along_axis(numbers, np.where(is_any, last, owner), axis=1), largest)


def choose(classes: np.ndarray, order: np.ndarray, num_samples: int, max_positives: int) -> np.ndarray:
    """Classes (A,) in which only sampled anchors count: at most ``max_positives`` of text, then background.

    Args:
        classes: (A,) of all anchors.
        order: (A,); of each class, the anchors with the lowest numbers are taken.
    """
    kept = np.full_like(classes, IGNORED)
    left = num_samples
    for value, limit in ((TEXT, max_positives), (BACKGROUND, num_samples)):
        places = np.flatnonzero(classes == value)
        places = places[np.argsort(order[places], kind="stable")[: min(limit, left)]]
        kept[places] = value
        left -= len(places)
    return kept


def _ranks(columns: np.ndarray) -> tuple[np.ndarray, int]:
    """The number of each strip among those of its column, (S,), and the largest number of strips in a column."""
    order = np.argsort(columns, kind="stable")
    count = np.bincount(columns)
    rank = np.empty(len(columns), dtype=np.int64)
    rank[order] = np.arange(len(columns)) - np.repeat(np.cumsum(count) - count, count)
    return rank, int(count.max())


def _within(ignored: Strips, anchors: np.ndarray, columns: int, boxes: np.ndarray) -> np.ndarray:
    """(C, M) bool: anchors with more than half of their area in ignored text, whose bounding boxes are ``boxes``."""
    left = np.maximum(ignored.boxes[:, 0], boxes[ignored.owners, 0])
    right = np.minimum(ignored.boxes[:, 2], boxes[ignored.owners, 2])
    share = covered(ignored.boxes, anchors) * ((right - left + 1) / STRIDE)[:, None]
    strip, anchor = np.nonzero(share > _IGNORED_SHARE)
    found = np.zeros((columns, len(anchors)), dtype=bool)
    found[ignored.columns[strip], anchor] = True
    return found


def _in_order(values: np.ndarray, rows: int) -> np.ndarray:
    """(C, rows * k), column by column -> (rows * C * k,), in the order of the anchors."""
    columns = len(values)
    return np.ascontiguousarray(values.reshape(columns, rows, -1).transpose(1, 0, 2)).reshape(-1)
