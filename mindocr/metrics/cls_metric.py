"""The metric for classification: the share of images whose class is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mindocr.metrics.interval import wilson
from mindocr.predictions.classification import Classification
from mindocr.registry import METRICS


@METRICS.register
class ClsMetric:
    """Accuracy with a 95 % interval, and the share of right images of each class.

    Args:
        main_indicator: the score by which the best checkpoint is chosen.

    Attributes:
        counts: ``images``, ``right``, and ``confusion``: label -> class found -> number of images; over the images
            evaluated in this process and over the counts merged in.
    """

    reads: tuple[str, ...] = ("class_name",)
    judges = Classification

    def __init__(self, main_indicator: Literal["acc"] = "acc") -> None:
        self.main_indicator = main_indicator
        self.reset()

    def reset(self) -> None:
        """Discard the results of all images."""
        self.counts: dict[str, Any] = {"images": 0, "right": 0, "confusion": {}}

    def judge(self, predictions: Sequence[Classification], columns: Sequence[Sequence[Any]]) -> list[bool]:
        """Evaluate the predictions of a batch and add their counts.

        Args:
            predictions: one for each image.
            columns: the labels of the same images, as the only column.

        Returns:
            For each image whether its class is right.
        """
        (labels,) = columns
        results = []
        for found, truth in zip(predictions, map(str, labels)):
            right = found.label == truth
            self.merge({"images": 1, "right": int(right), "confusion": {truth: {found.label: 1}}})
            results.append(right)
        return results

    def merge(self, counts: Mapping[str, Any]) -> None:
        """Add the counts of another process that evaluated other images.

        Raises:
            ValueError: the names of the counts are others.
        """
        if set(counts) != set(self.counts):
            raise ValueError(f"ClsMetric: cannot add counts {sorted(counts)} to {sorted(self.counts)}")
        self.counts["images"] += counts["images"]
        self.counts["right"] += counts["right"]
        for truth, row in counts["confusion"].items():
            own = self.counts["confusion"].setdefault(truth, {})
            for found, number in row.items():
                own[found] = own.get(found, 0) + number

    def result(self) -> dict[str, Any]:
        """Return ``acc`` in [0, 1], ``interval`` with its (low, high), and ``counts``."""
        images, right = self.counts["images"], self.counts["right"]
        confusion = {truth: dict(sorted(row.items())) for truth, row in sorted(self.counts["confusion"].items())}
        counts = {"images": images, "right": right, "confusion": confusion}
        return {"acc": right / max(images, 1), "interval": {"acc": wilson(right, images)}, "counts": counts}

    def summary(self, scores: Mapping[str, Any]) -> str:
        """The accuracy and the right images of each class, in one line."""
        low, high = scores["interval"]["acc"]
        rows = [
            f"{truth}: {row.get(truth, 0)} of {sum(row.values())}"
            for truth, row in scores["counts"]["confusion"].items()
        ]
        return f"acc {scores['acc']:.4f} ({low:.4f} to {high:.4f}); right: {', '.join(rows)}"
