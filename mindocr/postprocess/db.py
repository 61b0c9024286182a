"""DBNet's box formation: threshold the probability map, find contours, score them, expand them to full text size.

DBNet (AAAI 2020): regions of the probability map are shrunk texts, so each is expanded by D' = A' r' / L'.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Literal

import numpy as np

from mindocr.errors import ConfigError, DataError
from mindocr.postprocess.base import check_shapes, to_source
from mindocr.postprocess.regions import GROWN_MARGIN, choose, find_contours, find_regions, grow, growth_distances
from mindocr.predictions.detection import Detection
from mindocr.registry import POSTPROCESSES
from mindocr.utils.parallel import usable_cpus

logger = logging.getLogger(__name__)

_OTHER = "; the model is not a detector that gives one probability map"

# MindOCR's names of the maps, and the names of the head's outputs
OUTPUTS = {"binary": "prob", "thresh": "thresh", "thresh_binary": "binary"}


@POSTPROCESSES.register
class DBPostprocess:
    """Computes text polygons in source pixels from probability maps.

    Args:
        binary_thresh: a pixel is text if its probability is above this value, in [0, 1].
        box_thresh: a region is kept if its mean probability is at least this value, in [0, 1].
        max_candidates: at most this many regions of an image are expanded, those of the highest score.
        expand_ratio: r' in D' = A' r' / L'; a larger value gives larger boxes. (The DBNet authors use 2.0 for
            ``poly``.)
        expand_by_height: pairs (height, ratio) that replace ``expand_ratio``, such as ``[[8, 1.8], [32, 1.5]]``, so
            that small and large texts are expanded by different ratios. The ratio is interpolated linearly between the
            pairs and constant outside them. The height is 2 A' / L' of the region before expansion, in map pixels; for
            a long text line this is its height. Heights ascend.
        box_type: ``quad`` returns rotated rectangles that begin at the top left corner; ``poly`` returns polygons of
            any shape that begin at the point of smallest x + y. Both run clockwise on the screen.
        score_mode: pixels over which the mean is taken. ``fast``: inside the simplified contour (the rectangle for
            ``quad``); ``slow``: inside the contour itself.
        min_size: smallest short side in map pixels. For ``quad`` it applies to the rectangle before expansion; after
            expansion both kinds must reach ``min_size`` + 2.
        approx_eps: largest distance between a ``poly`` polygon and the contour, as a share of the contour's length.
            (The DBNet authors use 0.002, MindOCR 0.005.)
        pred_name: which output to read: ``binary`` (the probability), ``thresh`` or ``thresh_binary``. In evaluation
            the network outputs only the probability.
        rescale_fields: ``["polys"]`` maps polygons to source pixels; an empty list leaves map pixels.
        dilation: widen the regions by one pixel to the right and below before contours are found (a square of 2 x 2
            pixels, as ``use_dilation`` of PaddleOCR). Parts of a text that almost touch become one.
        threads: threads for the images of a batch: contours of the next images are found while one image is decoded;
            0 = number of usable CPUs. Results are the same.

    Differences from the DBNet authors' code: ``max_candidates`` keeps the best regions, not the first; the rectangle is
    expanded in closed form; coordinates are not rounded to whole pixels.

    Raises:
        ConfigError: a threshold outside [0, 1], a ratio or size below 0, fewer than one candidate.
    """

    reads: tuple[str, ...] = ("prob",)
    columns: tuple[str, ...] = ("shape_list",)
    gives = Detection
    reads_one_map = True  # probabilities at the size of the network's input, also as uint8

    def __init__(
        self,
        binary_thresh: float = 0.3,
        box_thresh: float = 0.7,
        max_candidates: int = 1000,
        expand_ratio: float = 1.5,
        expand_by_height: Sequence[Sequence[float]] | None = None,
        box_type: Literal["quad", "poly"] = "quad",
        score_mode: Literal["fast", "slow"] = "fast",
        min_size: float = 3,
        approx_eps: float = 0.005,
        pred_name: Literal["binary", "thresh", "thresh_binary"] = "binary",
        rescale_fields: Sequence[Literal["polys"]] = ("polys",),
        dilation: bool = False,
        threads: int = 0,
    ) -> None:
        ranges = {
            "binary_thresh": (binary_thresh, 0, 1),
            "box_thresh": (box_thresh, 0, 1),
            "max_candidates": (max_candidates, 1, float("inf")),
            "expand_ratio": (expand_ratio, 0, 100),
            "min_size": (min_size, 0, float("inf")),
            "approx_eps": (approx_eps, 0, 1),
            "threads": (threads, 0, float("inf")),
        }
        problems = [f"{k}: expected {a} to {b}, got {v}" for k, (v, a, b) in ranges.items() if not a <= v <= b]
        problems += _height_problems(expand_by_height)
        if problems:
            raise ConfigError("DBPostprocess: " + "; ".join(problems))
        self.binary_thresh = binary_thresh
        self.box_thresh = box_thresh
        self.max_candidates = max_candidates
        self.expand_ratio = expand_ratio
        self.expand_by_height = expand_by_height
        self.box_type = box_type
        self.score_mode = score_mode
        self.min_size = min_size
        self.approx_eps = approx_eps
        self.reads = (OUTPUTS[pred_name],)
        self.rescale = "polys" in rescale_fields
        self.dilation = dilation
        self.threads = threads or usable_cpus()
        self.last_rejections: dict[str, int] = {}

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """``reads`` and ``columns`` of a post-processing with these arguments."""
        return {"reads": (OUTPUTS[arguments.get("pred_name", "binary")],), "columns": cls.columns}

    def __call__(self, prob: np.ndarray | Sequence[np.ndarray], shape_list: np.ndarray) -> list[Detection]:
        """Find the texts of a batch.

        Args:
            prob: (N, H, W) or (N, 1, H, W), probabilities in [0, 1]; or N maps (H, W) or (1, H, W) that differ in
                size. NaN counts as no text. Maps of uint8 need a quarter of the memory: 255 stands for 1.
            shape_list: (N, 4) = (source height, source width, ratio_h, ratio_w); network pixel = source pixel * ratio.

        Returns:
            One :class:`Detection` for each image. ``last_rejections`` holds the numbers of rejected candidates of this
            batch, by reason.

        Raises:
            ValueError: maps and shapes do not fit together; a DataError if the maps have another shape.
        """
        maps = self.select(prob)
        shapes = check_shapes(shape_list, len(maps))
        if not self.rescale:
            shapes = np.array([(*probability.shape, 1, 1) for probability in maps], dtype=np.float64).reshape(-1, 4)
        find = partial(find_contours, binary_thresh=self.binary_thresh, dilation=self.dilation)
        if len(maps) > 1 and self.threads > 1:
            # The other threads run only the long calls on complete maps. With many short calls they would wait longer
            # for the interpreter lock than they save.
            with ThreadPoolExecutor(min(self.threads - 1, len(maps))) as pool:
                detections = [self._detect(*each) for each in zip(maps, shapes, pool.map(find, maps))]
        else:
            detections = [self._detect(*each) for each in zip(maps, shapes, map(find, maps))]
        total: Counter[str] = Counter()
        for detection in detections:
            total.update(detection.rejections)
        self.last_rejections = dict(total)
        return detections

    def select(self, prob: np.ndarray | Sequence[np.ndarray]) -> list[np.ndarray]:
        """The map of each image, (H, W) float32 or uint8, contiguous.

        Raises:
            DataError: arrays of another shape, such as the outputs of a model file that is no such detector.
        """
        if isinstance(prob, np.ndarray) and prob.ndim not in (3, 4):
            raise DataError(f"DBPostprocess: expected maps (N, H, W) or (N, 1, H, W), got shape {prob.shape}{_OTHER}")
        return [self._select(np.asarray(maps)) for maps in prob]

    def _select(self, maps: np.ndarray) -> np.ndarray:
        if maps.ndim == 3 and len(maps) == 1:
            maps = maps[0]
        if maps.ndim != 2 or 0 in maps.shape:
            raise DataError(f"DBPostprocess: expected maps (H, W) or (1, H, W), got shape {maps.shape}{_OTHER}")
        return np.ascontiguousarray(maps, dtype=np.uint8 if maps.dtype == np.uint8 else np.float32)

    def _detect(self, prob: np.ndarray, shape: np.ndarray, contours: Sequence[np.ndarray]) -> Detection:
        """Texts of one map (H, W)."""
        rejected: Counter[str] = Counter()
        regions = find_regions(
            prob, self.box_type, self.binary_thresh, self.score_mode, self.approx_eps, self.min_size, rejected, contours
        )
        chosen = choose(regions.scores, self.box_thresh, self.max_candidates, rejected)
        if len(chosen) < len(regions):
            regions = regions.take(chosen)
        distances = growth_distances(regions.heights, self.expand_ratio, self.expand_by_height)
        smallest = self.min_size + GROWN_MARGIN
        grown = grow(regions, distances, smallest, rejected)
        large = np.flatnonzero(grown.shorts >= smallest)
        rejected["too small after expansion"] += len(grown.shorts) - len(large)
        polys, kept = to_source([grown.outlines[i] for i in large.tolist()], shape, self.box_type == "poly")
        rejected["outside the image"] += len(large) - len(kept)
        scores = regions.scores[grown.indices[large[kept]]].tolist()
        detection = Detection(polys, scores, {reason: n for reason, n in rejected.items() if n})
        if not polys:
            detection.highest = float(np.nanmax(prob, initial=0)) / (255 if prob.dtype == np.uint8 else 1)
            logger.debug(
                "no text: %d contours above binary_thresh %g, highest probability %.4g, rejected: %s",
                regions.contours, self.binary_thresh, detection.highest, detection.rejections or "none",
            )  # fmt: skip
        return detection


def _height_problems(pairs: Sequence[Sequence[float]] | None) -> list[str]:
    """Problems of ``expand_by_height``."""
    if pairs is None:
        return []
    good = len(pairs) > 0 and all(len(pair) == 2 and pair[0] >= 0 and pair[1] >= 0 for pair in pairs)
    if good and all(a[0] < b[0] for a, b in zip(pairs, pairs[1:])):
        return []
    given = [list(pair) for pair in pairs]
    return [f"expand_by_height: expected pairs [height, ratio] of ascending heights, nothing below 0, got {given}"]
