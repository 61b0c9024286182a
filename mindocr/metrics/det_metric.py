"""The metric that evaluation uses: images one by one, sums over all of them, any protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from mindocr.errors import ConfigError
from mindocr.geometry import Polygon
from mindocr.metrics.matching import Image, ImageResult, f_score
from mindocr.metrics.parallel import match_all
from mindocr.metrics.protocols import build_protocol
from mindocr.predictions.detection import Detection
from mindocr.registry import METRICS


@METRICS.register
class DetMetric:
    """Recall, precision and f-score of detected outlines, micro-averaged: counts are summed over images first.

    Args:
        main_indicator: the result by which the best checkpoint is chosen: ``f-score``, ``recall`` or ``precision``.
        protocol: whose rules decide what matches; ``mindocr_compat`` is for comparing with MindOCR's scores only.
        protocol_args: arguments of the protocol, such as ``{rule: icdar2013}``; see the class of that protocol.

    Attributes:
        protocol: the rules.
        protocol_name: what they are called.
        images: the :class:`ImageResult` of every image seen by this process, in order.
        counts: sums over those images and over everything merged in, ``images`` among them.
    """

    reads: tuple[str, ...] = ("polys", "ignore_tags")
    judges = Detection
    score_names: tuple[str, ...] = ("recall", "precision", "f-score")

    def __init__(
        self,
        main_indicator: Literal["f-score", "recall", "precision"] = "f-score",
        protocol: Literal[
            "icdar2015", "icdar2013_deteval", "totaltext_deteval", "totaltext_pascal", "ctw1500", "td500",
            "mindocr_compat",
        ] = "icdar2015",
        protocol_args: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        if main_indicator not in ("f-score", "recall", "precision"):
            raise ConfigError(
                f"metric.main_indicator: expected 'f-score', 'recall' or 'precision', got {main_indicator!r}"
            )
        self.main_indicator = main_indicator
        self.protocol_name = protocol
        self.protocol = build_protocol(protocol, protocol_args)
        self.reset()

    def reset(self) -> None:
        """Forget every image."""
        self.images: list[ImageResult] = []
        self.counts: dict[str, float] = dict.fromkeys(("images", *self.protocol.count_names), 0)

    def update(
        self, pred_polys: Sequence[Polygon], gt_polys: Sequence[Polygon], ignore_tags: Sequence[bool] | np.ndarray
    ) -> ImageResult:
        """Judge one image and add it up.

        Args:
            pred_polys: detected outlines (K_i, 2), pixels (x, y) of the source image.
            gt_polys: true outlines, in the same pixels.
            ignore_tags: one flag per true outline, True = do not care.

        Raises:
            ValueError: another number of flags than of true outlines, or a coordinate that is not finite.
        """
        return self.update_many([(pred_polys, gt_polys, ignore_tags)])[0]

    def update_many(
        self,
        images: Sequence[tuple[Sequence[Polygon], Sequence[Polygon], Sequence[bool] | np.ndarray]],
        workers: int = 1,
    ) -> list[ImageResult]:
        """Judge images, each as :meth:`update` takes it, and add them up; many at once are judged several times faster.

        Args:
            images: in any number.
            workers: processes that judge them, worth it from several thousand images on; the results are the same.

        Raises:
            ValueError: as :meth:`update`; none of the images is then added.
        """
        results = match_all(self.protocol.match, [_image(*image) for image in images], workers)
        self.images += results
        for result in results:
            self.merge({"images": 1, **result.counts})
        return results

    def judge(self, predictions: Sequence[Detection], columns: Sequence[Sequence[Any]]) -> list[ImageResult]:
        """Judge the predictions of a batch and add them up.

        Args:
            predictions: one for each image.
            columns: the values of ``reads`` for the same images, in the order of the names.
        """
        return self.update_many([(found.polys, *truth) for found, *truth in zip(predictions, *columns)])

    def summary(self, scores: Mapping[str, Any]) -> str:
        """The scores of :meth:`result` in one line."""
        return ", ".join(f"{name} {scores[name]:.4f}" for name in self.score_names)

    def merge(self, counts: Mapping[str, float]) -> None:
        """Add the counts of another process that judged other images.

        Raises:
            ValueError: names that are not those of this protocol.
        """
        if set(counts) != set(self.counts):
            raise ValueError(f"DetMetric: cannot add counts {sorted(counts)} to {sorted(self.counts)}")
        for name, number in counts.items():
            # credits are multiples of 0.2: rounded, their sum does not depend on the order of images and processes
            self.counts[name] = round(self.counts[name] + number, 6)

    def result(self) -> dict[str, Any]:
        """Totals: ``recall``, ``precision``, ``f-score`` in [0, 1], and ``counts`` by name."""
        recall, precision = self.protocol.score(self.counts)
        return {
            "recall": float(recall),
            "precision": float(precision),
            "f-score": float(f_score(recall, precision)),
            "counts": dict(self.counts),
        }


def _image(
    pred_polys: Sequence[Polygon], gt_polys: Sequence[Polygon], ignore_tags: Sequence[bool] | np.ndarray
) -> Image:
    ignore = np.asarray(ignore_tags, dtype=bool).reshape(-1)
    if len(ignore) != len(gt_polys):
        raise ValueError(f"DetMetric: {len(gt_polys)} true outlines but {len(ignore)} ignore tags")
    return Image(gt_polys, ignore, pred_polys)
