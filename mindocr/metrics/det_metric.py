"""The metric for text detection: evaluates images by any protocol and sums the counts over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np

from mindocr.errors import ConfigError
from mindocr.geometry import Polygon
from mindocr.metrics.matching import Image, ImageResult, f_score
from mindocr.metrics.protocols import DEFAULT_PROTOCOL, build_protocol, protocol_problems
from mindocr.predictions.detection import Detection
from mindocr.registry import METRICS
from mindocr.utils.parallel import run_over

BLOCK = 256  # images compared at once: faster than one by one, and still little memory


@METRICS.register
class DetMetric:
    """Recall, precision and f-score of detected polygons, micro-averaged: counts are summed over images first.

    Args:
        main_indicator: the metric score by which the best checkpoint is chosen: ``f-score``, ``recall`` or
            ``precision``.
        protocol: the rules that decide what matches, a name in ``PROTOCOLS``; ``mindocr_compat`` is only for comparison
            with scores measured by MindOCR.
        protocol_args: arguments of the protocol, such as ``{rule: icdar2013}``; see the class of that protocol.

    Attributes:
        protocol: the rules.
        protocol_name: their name.
        images: the :class:`ImageResult` of every image evaluated in this process, in order.
        counts: sums over those images and over the counts merged in; ``images`` is the number of images.
    """

    reads: tuple[str, ...] = ("polys", "ignore_tags")
    judges = Detection
    score_names: tuple[str, ...] = ("recall", "precision", "f-score")

    def __init__(
        self,
        main_indicator: Literal["f-score", "recall", "precision"] = "f-score",
        protocol: str = DEFAULT_PROTOCOL,
        protocol_args: Mapping[str, Any] | None = None,
    ) -> None:
        if main_indicator not in ("f-score", "recall", "precision"):
            raise ConfigError(
                f"metric.main_indicator: expected 'f-score', 'recall' or 'precision', got {main_indicator!r}"
            )
        self.main_indicator = main_indicator
        self.protocol_name = protocol
        self.protocol = build_protocol(protocol, protocol_args)
        self.reset()

    @staticmethod
    def check_arguments(args: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Problems of the protocol that a configuration chooses, as (argument, problem)."""
        name = args.get("protocol", DEFAULT_PROTOCOL)
        problems = protocol_problems(name, args.get("protocol_args"))
        if not problems and build_protocol(name, args.get("protocol_args")).compares_texts:
            remedy = "use 'mindocr score' on the results of 'mindocr read'"
            return [("protocol", f"{name} compares texts, which a detector does not read; {remedy}")]
        return problems

    def reset(self) -> None:
        """Discard the results of all images."""
        self.images: list[ImageResult] = []
        self.counts: dict[str, float] = dict.fromkeys(("images", *self.protocol.count_names), 0)

    def update(
        self,
        pred_polys: Sequence[Polygon],
        gt_polys: Sequence[Polygon],
        ignore_tags: Sequence[bool] | np.ndarray,
        pred_texts: Sequence[str] | None = None,
        gt_texts: Sequence[str] | None = None,
    ) -> ImageResult:
        """Evaluate one image and add its counts.

        Args:
            pred_polys: detected polygons (K_i, 2), pixels (x, y) of the source image.
            gt_polys: ground-truth polygons, in the same pixels.
            ignore_tags: one flag per ground-truth polygon, True = do not care.
            pred_texts, gt_texts: one text per polygon, for protocols that compare texts; others do not read them.

        Raises:
            ValueError: the number of flags differs from that of ground-truth polygons, a coordinate is not finite, or
                the protocol compares texts and there is not one for each polygon.
        """
        return self.update_many([(pred_polys, gt_polys, ignore_tags, pred_texts, gt_texts)])[0]

    def update_many(
        self,
        images: Sequence[Sequence[Any]],
        workers: int = 1,
    ) -> list[ImageResult]:
        """Evaluate images and add their counts; several times faster than one call of :meth:`update` for each.

        Args:
            images: the arguments of :meth:`update` for each image, in their order.
            workers: processes that evaluate them, useful from several thousand images on; the results are the same.

        Raises:
            ValueError: as for :meth:`update`; then none of the images is added.
        """
        judged = [_image(self.protocol.compares_texts, *image) for image in images]
        blocks = [judged[start : start + BLOCK] for start in range(0, len(judged), BLOCK)]
        results = list(chain.from_iterable(run_over(self.protocol.match, blocks, workers)))
        self.images += results
        for result in results:
            self.merge({"images": 1, **result.counts})
        return results

    def judge(self, predictions: Sequence[Detection], columns: Sequence[Sequence[Any]]) -> list[ImageResult]:
        """Evaluate the predictions of a batch and add their counts.

        Args:
            predictions: one for each image.
            columns: the values of ``reads`` for the same images, in the order of the names.
        """
        return self.update_many([(found.polys, *truth) for found, *truth in zip(predictions, *columns)])

    def summary(self, scores: Mapping[str, Any]) -> str:
        """The metric scores of :meth:`result` in one line."""
        return ", ".join(f"{name} {scores[name]:.4f}" for name in self.score_names)

    def merge(self, counts: Mapping[str, float]) -> None:
        """Add the counts of another process that evaluated other images.

        Raises:
            ValueError: the names of the counts are not those of this protocol.
        """
        if set(counts) != set(self.counts):
            raise ValueError(f"DetMetric: cannot add counts {sorted(counts)} to {sorted(self.counts)}")
        for name, number in counts.items():
            # Credits are multiples of 0.2. Rounding makes their sum independent of the order of images and processes.
            self.counts[name] = round(self.counts[name] + number, 6)

    def result(self) -> dict[str, Any]:
        """Return the totals: ``recall``, ``precision``, ``f-score`` in [0, 1], and ``counts`` by name."""
        recall, precision = self.protocol.score(self.counts)
        return {
            "recall": float(recall),
            "precision": float(precision),
            "f-score": float(f_score(recall, precision)),
            "counts": dict(self.counts),
        }


def _image(
    with_texts: bool,
    pred_polys: Sequence[Polygon],
    gt_polys: Sequence[Polygon],
    ignore_tags: Sequence[bool] | np.ndarray,
    pred_texts: Sequence[str] | None = None,
    gt_texts: Sequence[str] | None = None,
) -> Image:
    ignore = np.asarray(ignore_tags, dtype=bool).reshape(-1)
    if len(ignore) != len(gt_polys):
        raise ValueError(f"DetMetric: {len(gt_polys)} ground-truth polygons but {len(ignore)} ignore tags")
    if not with_texts:
        return Image(gt_polys, ignore, pred_polys)
    for side, polys, texts in (("ground-truth", gt_polys, gt_texts), ("detected", pred_polys, pred_texts)):
        if texts is None or len(texts) != len(polys):
            given = "no" if texts is None else len(texts)
            raise ValueError(f"DetMetric: the protocol compares texts; got {len(polys)} {side} polygons, {given} texts")
    return Image(gt_polys, ignore, pred_polys, gt_texts or (), pred_texts or ())
