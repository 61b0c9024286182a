"""Statistics of a data set: sizes of its images and texts, and the input size that they need."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mindocr.formats.label_file import IGNORED
from mindocr.inspection.polygons import Measure
from mindocr.inspection.settings import Settings
from mindocr.inspection.survey import Inspection

HEIGHT_EDGES = (0, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128)  # pixels; the last bin is open
ASPECT_EDGES = (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20)
TEXTS_EDGES = (0, 1, 2, 3, 5, 10, 20, 50, 100)
PERCENTILES = (5, 25, 50, 75, 95)

SHARE = 0.95  # share of the texts that must be large enough at the recommended size
LEAST_KERNEL = 4.0  # pixels: one cell of the features (stride 4) from which the text map is computed
LARGEST_SCALE = 2.0  # further enlargement adds pixels, but no detail
DIVISOR = 32  # of input sizes
LEAST_CROP = 320  # pixels: smaller crops show too little around a text


class Histogram(NamedTuple):
    """Counts per bin: ``edges[i] <= value < edges[i + 1]``, the last bin open; ``whole``: values are integers."""

    edges: tuple[float, ...]
    counted: list[int]
    ignored: list[int]
    whole: bool = False

    def labels(self) -> list[str]:
        """``4-6`` for each bin, ``128+`` for the last; for integers ``3-4`` means 3 or 4."""
        pairs = list(zip(self.edges, self.edges[1:]))
        if self.whole:
            named = [f"{a:g}" if b == a + 1 else f"{a:g}-{b - 1:g}" for a, b in pairs]
        else:
            named = [f"{a:g}-{b:g}" for a, b in pairs]
        return [*named, f"{self.edges[-1]:g}+"]


class InputSize(NamedTuple):
    """A recommended input size and its computation.

    Attributes:
        size: (h, w) for evaluation and prediction, multiples of 32.
        crop: (h, w) for training; None for a test set.
        steps: the computation, one sentence per step.
        table: (scale, (h, w), share of the texts that are large enough there).
    """

    size: tuple[int, int]
    crop: tuple[int, int] | None
    steps: list[str]
    table: list[tuple[float, tuple[int, int], float]]


class Statistics(NamedTuple):
    """Statistics of one part of a data set.

    Attributes:
        images: lines with a usable image.
        texts: texts of all lines that could be read.
        ignored: number of ignored texts among them.
        image_sizes: the most frequent sizes as ((w, h), count).
        kinds_of_size: number of different sizes.
        corners: number of points of a polygon -> number of texts.
        height: height of letters = thickness of texts, in pixels of the source image.
        aspect: length / thickness.
        texts_per_image: texts that count and ignored texts together; all are in ``counted``.
        height_percentiles: heights of the texts that count at PERCENTILES; empty if there are none.
        input_size: None when no text counts.
    """

    images: int
    texts: int
    ignored: int
    image_sizes: list[tuple[tuple[int, int], int]]
    kinds_of_size: int
    corners: dict[int, int]
    height: Histogram
    aspect: Histogram
    texts_per_image: Histogram
    height_percentiles: list[float]
    input_size: InputSize | None

    @property
    def ignored_share(self) -> float:
        """Share of ignored texts, 0 if there is no text."""
        return self.ignored / self.texts if self.texts else 0.0


def statistics_of(inspection: Inspection, part: str) -> Statistics:
    """Statistics of one part, ``train`` or ``test``."""
    numbers = [i for i, line in enumerate(inspection.lines) if line.part == part]
    texts = [text for i in numbers for text in inspection.lines[i].texts]
    usable = [i for i in numbers if inspection.facts[i].usable]
    sizes = Counter(inspection.facts[i].size for i in usable)
    measures = [measure for i in usable for measure in inspection.measures[i]]
    counted = [measure for measure in measures if measure.counts]
    heights = [measure.thickness for measure in counted]
    per_image = np.array([len(inspection.lines[i].texts) for i in usable])
    return Statistics(
        images=len(usable),
        texts=len(texts),
        ignored=sum(text["transcription"] in IGNORED for text in texts),
        image_sizes=sizes.most_common(5),
        kinds_of_size=len(sizes),
        corners=dict(sorted(Counter(measure.corners for measure in measures).items())),
        height=_histogram(HEIGHT_EDGES, measures, lambda measure: measure.thickness),
        aspect=_histogram(ASPECT_EDGES, measures, lambda measure: measure.length / max(measure.thickness, 1e-9)),
        texts_per_image=Histogram(TEXTS_EDGES, _count(TEXTS_EDGES, per_image), [0] * len(TEXTS_EDGES), whole=True),
        height_percentiles=np.percentile(heights, PERCENTILES).round(1).tolist() if heights else [],
        input_size=recommend(counted, _typical(sizes), inspection.settings, part) if counted else None,
    )


def recommend(counted: Sequence[Measure], image: tuple[int, int], settings: Settings, part: str = "train") -> InputSize:
    """The smallest input size at which most texts are large enough to be learned and detected.

    A text is large enough at a scale where the sides of its axis-aligned box are at least ``min_text_size``, and where
    the shrunk text is at least as thick as a cell of the features.

    Args:
        counted: measures of texts that count, at least one.
        image: (h, w) of a typical image.
        settings: filters, and the resize that the recommendation is compared with.
        part: ``train`` or ``test``: selects the resize; crops are only for training.
    """
    h, w = image
    side = np.array([max(measure.side, 1e-6) for measure in counted])
    kernel = np.array([max(measure.kernel, 1e-6) for measure in counted])
    needed = np.maximum(settings.min_text_size / side, LEAST_KERNEL / kernel)
    scale = float(np.quantile(needed, SHARE, method="inverted_cdf"))
    chosen = min(scale, LARGEST_SCALE)
    size = _size(h, w, chosen)
    median = float(np.median([measure.thickness for measure in counted]))
    steps = [
        f"A typical image is {w} x {h}; {len(counted)} texts count, their median height is {median:.3g} pixels.",
        f"A text needs the scale max({settings.min_text_size:g} / short side of its axis-aligned box, "
        f"{LEAST_KERNEL:g} / thickness after shrinking by {settings.shrink_ratio:g}): below the first, training "
        "ignores it; below the second, the shrunk text is thinner than a cell of the features, which have stride 4.",
        f"{SHARE:.0%} of the texts need a scale of at most {scale:.3g}"
        + (f"; above {LARGEST_SCALE:g} it only blurs, so {LARGEST_SCALE:g} is used." if scale > chosen else "."),
        f"{h} x {chosen:.3g} and {w} x {chosen:.3g}, rounded up to multiples of {DIVISOR}: {size[0]} x {size[1]} "
        "(h x w), for DetResize.target_size.",
    ]
    crop = None
    if part == "train":
        length = float(np.quantile([measure.length for measure in counted], SHARE, method="inverted_cdf"))
        side_of_crop = min(max(_round_up(length * chosen), LEAST_CROP), _round_up(max(size)))
        crop = side_of_crop, side_of_crop
        steps.append(
            f"{SHARE:.0%} of the texts are at most {length:.4g} pixels long, {length * chosen:.4g} at that scale: a "
            f"crop of {side_of_crop} x {side_of_crop} contains them, for RandomCropWithBBox.crop_size (not below "
            f"{LEAST_CROP} if the image is larger)."
        )
    if settings.resize_of(part) is not None:
        own = min(settings.scales(part, h, w))
        share = (needed <= own).mean()
        steps.append(f"With the recipe's resize, the scale is {own:.3g}: {share:.1%} of the texts are large enough.")
    table = [(s, _size(h, w, s), float((needed <= s).mean())) for s in (0.5, 0.75, 1.0, 1.5, 2.0)]
    return InputSize(size, crop, steps, table)


def as_json(statistics: Statistics) -> dict[str, Any]:
    """Plain values for a JSON file."""
    values = statistics._asdict()
    for key in ("height", "aspect", "texts_per_image"):
        values[key] = values[key]._asdict()
    values["ignored_share"] = round(statistics.ignored_share, 4)
    values["input_size"] = statistics.input_size._asdict() if statistics.input_size else None
    return values


def _typical(sizes: Counter[tuple[int, int]]) -> tuple[int, int]:
    """(h, w): medians of the image sizes."""
    w, h = np.median(np.array(list(sizes.elements())), axis=0)
    return int(h), int(w)


def _histogram(edges: tuple[float, ...], measures: Sequence[Measure], value: Any) -> Histogram:
    counted, ignored = (np.array([value(m) for m in measures if m.counts is counts]) for counts in (True, False))
    return Histogram(edges, _count(edges, counted), _count(edges, ignored))


def _count(edges: tuple[float, ...], values: np.ndarray) -> list[int]:
    bins = np.searchsorted(edges, values, side="right") - 1
    return [int(count) for count in np.bincount(bins.clip(0, len(edges) - 1), minlength=len(edges))]


def _size(h: int, w: int, scale: float) -> tuple[int, int]:
    return _round_up(h * scale), _round_up(w * scale)


def _round_up(side: float) -> int:
    return max(math.ceil(side / DIVISOR - 1e-6), 1) * DIVISOR
