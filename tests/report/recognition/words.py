"""Texts of an evaluation for tests of the recognition report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mindocr.metrics.rec_metric import RecMetric
from mindocr.predictions.text import Text
from mindocr.report.recognition import RecognitionReport

Pair = tuple[str, str]  # the ground truth, and what was read


def report_of(
    pairs: Sequence[Pair], image: str | Path = "a.png", polygon: np.ndarray | None = None, **metric: object
) -> RecognitionReport:
    """A report that has seen these texts, all of the same image and place, with a confidence of 0.9."""
    report = RecognitionReport(metric=RecMetric(**metric))
    for truth, found in pairs:
        prediction = Text(found, 0.9 if found else 0.0)
        (result,) = report._metric.judge([prediction], [[truth]])
        columns = {"text": truth} if polygon is None else {"text": truth, "polygon": polygon}
        report.add(str(image), {}, prediction, columns, result)
    return report
