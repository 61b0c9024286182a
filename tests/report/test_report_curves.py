"""Bins and intervals computed by hand; charts that stay inside their frame."""

import numpy as np
import pytest
from rectangles import rect, scatter

from mindocr.report import charts
from mindocr.report.curves import recall_by_angle, recall_by_aspect, recall_by_height, wilson
from mindocr.report.sweep import sweep


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
    points = sweep(judged.cases, judged.metric.protocol).points
    drawn = [charts.curve_chart(points, (result["recall"], result["precision"]))]
    drawn.append(charts.recall_chart("recall", recall_by_height(judged.cases)))
    assert drawn[0].count('class="point"') == len(points) and drawn[0].count('class="now"') == 1
    assert drawn[1].count('class="bar"') == len(recall_by_height(judged.cases))
    for chart in drawn:
        xs = [float(part.split('"')[0]) for name in (' x="', ' cx="') for part in chart.split(name)[1:]]
        ys = [float(part.split('"')[0]) for name in (' y="', ' cy="') for part in chart.split(name)[1:]]
        assert 0 <= min(xs) <= max(xs) <= charts.WIDTH and 0 <= min(ys) <= max(ys) <= charts.HEIGHT
