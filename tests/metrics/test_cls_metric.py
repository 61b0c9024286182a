"""Accuracy of classifiers."""

import json

import pytest

from mindocr.metrics.cls_metric import ClsMetric
from mindocr.predictions.classification import Classification


def judged(*pairs):
    metric = ClsMetric()
    results = metric.judge([Classification(found, 0.9) for found, _ in pairs], [[truth for _, truth in pairs]])
    return metric, results


def test_by_hand():
    metric, results = judged(("0", "0"), ("180", "0"), ("180", "180"), ("0", "0"))
    assert results == [True, False, True, True]
    scores = metric.result()
    assert scores["acc"] == 0.75
    assert scores["counts"] == {"images": 4, "right": 3, "confusion": {"0": {"0": 2, "180": 1}, "180": {"180": 1}}}
    # Wilson's interval of 3 of 4
    assert scores["interval"]["acc"] == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert metric.summary(scores) == "acc 0.7500 (0.3006 to 0.9544); right: 0: 2 of 3, 180: 1 of 1"


def test_counts_of_two_processes_add_up():
    first, _ = judged(("0", "0"), ("180", "0"))
    second, _ = judged(("180", "0"), ("180", "180"))
    both, _ = judged(("0", "0"), ("180", "0"), ("180", "0"), ("180", "180"))
    first.merge(json.loads(json.dumps(second.counts)))
    assert first.result() == both.result()
    with pytest.raises(ValueError, match="cannot add counts"):
        first.merge({"images": 1})
    first.reset()
    assert first.result()["acc"] == 0.0 and first.result()["interval"]["acc"] == (0.0, 1.0)
