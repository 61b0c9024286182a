"""The numbers that the benchmarks' own evaluators give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.matching import ImageResult


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def outlines(line: dict[str, Any]) -> list[np.ndarray]:
    return [np.array(poly, dtype=np.float64) for poly in line["polygons"]]


def score(truth: list[dict], found: list[dict]) -> DetMetric:
    metric = DetMetric(protocol="icdar2015")
    for gt, det in zip(truth, found, strict=True):
        assert gt["image"] == det["image"]
        metric.update(outlines(det), outlines(gt), gt["ignore"])
    return metric


def assert_totals(metric: DetMetric, expected: dict[str, float]) -> None:
    result = metric.result()
    assert result["recall"] == pytest.approx(expected["recall"], abs=1e-6)
    assert result["precision"] == pytest.approx(expected["precision"], abs=1e-6)
    assert result["f-score"] == pytest.approx(expected["hmean"], abs=1e-6)
    for name in ("matched", "gt_care", "det_care"):
        assert result["counts"][name] == expected[name]


def assert_image(result: ImageResult, expected: dict[str, Any]) -> None:
    name = expected["image"]
    assert result.recall == pytest.approx(expected["recall"], abs=1e-6), name
    assert result.precision == pytest.approx(expected["precision"], abs=1e-6), name
    assert result.f_score == pytest.approx(expected["hmean"], abs=1e-6), name
    assert [list(pair) for pair in result.pairs] == expected["pairs"], name
    assert result.gt_dontcare == expected["gt_dontcare"], name
    assert result.det_dontcare == expected["det_dontcare"], name
    for count in ("matched", "gt_care", "det_care"):
        assert result.counts[count] == expected[count], name


@pytest.mark.parametrize(("method", "f_score"), [("EAST", 0.820293), ("PixelLink", 0.860896), ("FOTS", 0.535986)])
def test_icdar2015_results_of_published_methods(shared_dir, method, f_score):
    folder = shared_dir / "data/metric_fixtures/icdar2015_iou"
    metric = score(read_lines(folder / "gt.jsonl"), read_lines(folder / f"det_{method.lower()}.jsonl"))
    assert metric.result()["f-score"] == pytest.approx(f_score, abs=1e-6)
    assert_totals(metric, json.loads((folder / "expected.json").read_text())["results"][method])
    images = [line for line in read_lines(folder / "per_image.jsonl") if line["method"] == method]
    for result, expected in zip(metric.images, images, strict=True):
        assert_image(result, expected)


def test_icdar2015_hand_cases_self_crossing_polygons_too(shared_dir):
    folder = shared_dir / "data/metric_fixtures/iou_hand_cases"
    truth, found = read_lines(folder / "gt.jsonl"), read_lines(folder / "det.jsonl")
    expected = json.loads((folder / "expected.json").read_text())
    metric = score(truth, found)
    for result, line in zip(metric.images, read_lines(folder / "per_image.jsonl"), strict=True):
        assert_image(result, line)
    assert_totals(metric, expected["results"]["all_cases"])
    agreeing = [i for i, line in enumerate(truth) if line["image"] not in expected["images_where_the_two_differ"]]
    subset = score([truth[i] for i in agreeing], [found[i] for i in agreeing])
    assert_totals(subset, expected["results"]["cases_where_both_references_agree"])
