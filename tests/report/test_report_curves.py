"""Curve and bins against a straightforward loop and numbers computed by hand."""

import numpy as np
import pytest
from rectangles import rect

from mindocr.metrics.det_metric import DetMetric
from mindocr.report import charts
from mindocr.report.curves import precision_recall, recall_by_angle, recall_by_aspect, recall_by_height, wilson


def scatter(judged, images=25, seed=0, **more):
    """Images with detections of all scores; those of 0.5 or more are evaluated, as for a detector."""
    rng = np.random.default_rng(seed)
    for _ in range(images):
        boxes = [rect(x, y, x + w, y + h) for x, y, w, h in rng.integers((0, 0, 20, 10), (300, 150, 90, 40), (9, 4))]
        candidates = [box + rng.normal(0, 2, (4, 2)) for box in boxes[1:]]
        scores = rng.random(len(candidates))
        found = [(poly, float(score)) for poly, score in zip(candidates, scores) if score >= 0.5]
        judged(boxes[:6], [poly for poly, _ in found], rng.random(6) < 0.2, scores=[score for _, score in found],
               candidates=candidates, candidate_scores=scores.tolist(), **more)  # fmt: skip


@pytest.mark.parametrize("protocol", ["icdar2015", "totaltext_deteval", "td500"])
def test_the_curve_equals_scoring_anew_at_each_threshold(judged, protocol):
    judged.use(protocol)
    scatter(judged)
    points = precision_recall(judged.cases, judged.metric.protocol, points=15)
    assert len(points) == 15 and [point.threshold for point in points] == sorted(point.threshold for point in points)
    for point in points:
        metric = DetMetric(protocol=protocol)
        for case in judged.cases:
            kept = [poly for poly, score in zip(case.candidates, case.candidate_scores) if score >= point.threshold]
            metric.update(kept, case.truth, case.ignore)
        expected = metric.result()
        assert point[1:] == pytest.approx((expected["recall"], expected["precision"], expected["f-score"]), abs=1e-12)


def test_at_the_detectors_own_threshold_the_curve_passes_through_its_score(judged):
    scatter(judged)
    points = precision_recall(judged.cases, judged.metric.protocol, points=10_000)
    at = next(point for point in points if point.threshold >= 0.5)
    assert at.f_score == pytest.approx(judged.metric.result()["f-score"], abs=1e-12)


def test_without_candidates_the_curve_starts_at_what_was_found(judged):
    judged([rect(0, 0, 100, 20)], [rect(0, 0, 100, 20), rect(200, 0, 300, 20)], scores=[0.9, 0.6])
    assert precision_recall(judged.cases, judged.metric.protocol) == [(0.6, 1.0, 0.5, 2 / 3), (0.9, 1.0, 1.0, 1.0)]


def test_no_scores_no_curve(judged):
    judged([rect(0, 0, 100, 20)], [rect(0, 0, 100, 20)])
    assert precision_recall(judged.cases, judged.metric.protocol) == []
    judged.use("icdar2015")
    judged([rect(0, 0, 100, 20)], scores=[])
    assert precision_recall(judged.cases, judged.metric.protocol) == []


def test_bins_by_hand(judged):
    level, tall = rect(0, 0, 100, 20), rect(150, 0, 170, 100)
    steep = np.array([[200, 0], [270, 70], [256, 84], [186, 14]], dtype=np.float64)  # 99 x 20, 45 degrees
    squat = rect(300, 0, 320, 20)
    far = rect(0, 150, 300, 160)
    judged([level, tall, steep, squat, far], [level, steep], [False, False, False, False, True])
    assert [(b.name, b.texts, b.hits) for b in recall_by_height(judged.cases)] == [("16–24px", 4, 2)]
    assert [(b.name, b.texts, b.hits) for b in recall_by_aspect(judged.cases)] == [
        ("1–1.5", 1, 0), ("1.5–2.5", 0, 0), ("2.5–4", 0, 0), ("4–6", 3, 2),
    ]  # fmt: skip
    assert [(b.name, b.texts, b.hits) for b in recall_by_angle(judged.cases)] == [
        ("0–5°", 1, 1), ("5–15°", 0, 0), ("15–30°", 0, 0), ("30–60°", 1, 1), ("60–90°", 1, 0),
    ]  # fmt: skip
    assert recall_by_height([]) == []


def test_wilsons_interval():
    # Newcombe, Statistics in Medicine 1998, table I: 81 of 263 gives 0.2553 to 0.3662
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def test_charts_stay_inside_their_frame(judged):
    scatter(judged)
    result = judged.metric.result()
    points = precision_recall(judged.cases, judged.metric.protocol)
    drawn = [charts.curve_chart(points, (result["recall"], result["precision"]))]
    drawn.append(charts.recall_chart("recall", recall_by_height(judged.cases)))
    assert drawn[0].count('class="point"') == len(points) and drawn[0].count('class="now"') == 1
    assert drawn[1].count('class="bar"') == len(recall_by_height(judged.cases))
    for chart in drawn:
        xs = [float(part.split('"')[0]) for name in (' x="', ' cx="') for part in chart.split(name)[1:]]
        ys = [float(part.split('"')[0]) for name in (' y="', ' cy="') for part in chart.split(name)[1:]]
        assert 0 <= min(xs) <= max(xs) <= charts.WIDTH and 0 <= min(ys) <= max(ys) <= charts.HEIGHT
