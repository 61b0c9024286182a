"""Our scores equal those of the official evaluators of the benchmarks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mindocr.geometry import rotated_corners
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.matching import ImageResult

# our names of counts -> theirs
ONE_TO_ONE = {"matched": "matched", "gt_care": "gt_care", "det_care": "det_care"}
DETEVAL = {name: name for name in ("recall_sum", "precision_sum", "gt_care", "det_care")}
TOTALTEXT = {"recall_sum": "recall_sum", "precision_sum": "precision_sum", "gt_care": "gt", "det_care": "det"}
PASCAL = {"matched": "tp", "gt_care": "gt", "det_care": "det"}
DETEVAL_VARIANTS = [(rule, g) for rule in ("deteval", "icdar2013") for g in ("inclusive_pixel", "continuous")]


@pytest.fixture
def fixtures(shared_dir: Path) -> Path:
    return shared_dir / "data/metric_fixtures"


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def outlines(line: dict[str, Any], rects: bool = False) -> list[np.ndarray]:
    if rects:
        return list(rotated_corners(np.array(line["rects"], dtype=np.float64).reshape(-1, 5)))
    return [np.array(poly, dtype=np.float64) for poly in line["polygons"]]


def score(truth: list[dict], found: list[dict], protocol: str, rects: bool = False, **args: str) -> DetMetric:
    metric = DetMetric(protocol=protocol, protocol_args=args)
    assert [line["image"] for line in truth] == [line["image"] for line in found]
    metric.update_many([(outlines(d, rects), outlines(g, rects), g["ignore"]) for g, d in zip(truth, found)])
    return metric


def assert_totals(metric: DetMetric, expected: dict[str, float], names: dict[str, str]) -> None:
    result = metric.result()
    assert result["recall"] == pytest.approx(expected["recall"], abs=1e-6)
    assert result["precision"] == pytest.approx(expected["precision"], abs=1e-6)
    assert result["f-score"] == pytest.approx(expected["hmean"], abs=1e-6)
    assert_counts(result["counts"], expected, names)


def assert_counts(counts: Mapping[str, float], expected: dict[str, Any], names: dict[str, str]) -> None:
    assert {ours: counts[ours] for ours in names} == {ours: expected[theirs] for ours, theirs in names.items()}


def assert_image(result: ImageResult, expected: dict[str, Any], names: dict[str, str]) -> None:
    image = expected["image"]
    assert result.recall == pytest.approx(expected["recall"], abs=1e-6), image
    assert result.precision == pytest.approx(expected["precision"], abs=1e-6), image
    assert result.f_score == pytest.approx(expected["hmean"], abs=1e-6), image
    assert result.gt_dontcare == expected["gt_dontcare"], image
    assert result.det_dontcare == expected["det_dontcare"], image
    assert_counts(result.counts, expected, names)
    if result.groups:
        assert [[kind, truths, found] for kind, truths, found in result.groups] == as_lists(expected["pairs"]), image
    else:
        assert [list(pair) for pair in result.pairs] == expected["pairs"], image


def as_lists(groups: list[list[Any]]) -> list[list[Any]]:
    return [[kind, *([side] if isinstance(side, int) else side for side in sides)] for kind, *sides in groups]


@pytest.mark.parametrize(("method", "f_score"), [("EAST", 0.820293), ("PixelLink", 0.860896), ("FOTS", 0.535986)])
def test_icdar2015_results_of_published_methods(fixtures, method, f_score):
    folder = fixtures / "icdar2015_iou"
    metric = score(read_lines(folder / "gt.jsonl"), read_lines(folder / f"det_{method.lower()}.jsonl"), "icdar2015")
    assert metric.result()["f-score"] == pytest.approx(f_score, abs=1e-6)
    assert_totals(metric, read_json(folder / "expected.json")["results"][method], ONE_TO_ONE)
    images = [line for line in read_lines(folder / "per_image.jsonl") if line["method"] == method]
    for result, expected in zip(metric.images, images, strict=True):
        assert_image(result, expected, ONE_TO_ONE)


def test_icdar2015_hand_cases_self_crossing_polygons_too(fixtures):
    folder = fixtures / "iou_hand_cases"
    truth, found = read_lines(folder / "gt.jsonl"), read_lines(folder / "det.jsonl")
    expected = read_json(folder / "expected.json")
    metric = score(truth, found, "icdar2015")
    for result, line in zip(metric.images, read_lines(folder / "per_image.jsonl"), strict=True):
        assert_image(result, line, ONE_TO_ONE)
    assert_totals(metric, expected["results"]["all_cases"], ONE_TO_ONE)
    agreeing = [i for i, line in enumerate(truth) if line["image"] not in expected["images_where_the_two_differ"]]
    subset = score([truth[i] for i in agreeing], [found[i] for i in agreeing], "icdar2015")
    assert_totals(subset, expected["results"]["cases_where_both_references_agree"], ONE_TO_ONE)


@pytest.mark.parametrize(("rule", "geometry"), DETEVAL_VARIANTS)
@pytest.mark.parametrize(
    ("name", "truth", "prefix"),
    [
        ("icdar2013_deteval", "gt", "gt/"),
        ("icdar2013_deteval", "gt_dontcare", "gt_dontcare/"),
        ("deteval_hand_cases", "gt", ""),
    ],
)
def test_icdar2013_deteval(fixtures, name, truth, prefix, rule, geometry):
    folder, variant = fixtures / name, f"{prefix}{rule}/{geometry}"
    lines = read_lines(folder / f"{truth}.jsonl"), read_lines(folder / "det.jsonl")
    metric = score(*lines, "icdar2013_deteval", rule=rule, geometry=geometry)
    assert_totals(metric, read_json(folder / "expected.json")["results"][variant], DETEVAL)
    images = [line for line in read_lines(folder / "per_image.jsonl") if line["variant"] == variant]
    for result, expected in zip(metric.images, images, strict=True):
        assert_image(result, expected, DETEVAL)


@pytest.mark.parametrize(("protocol", "names"), [("totaltext_deteval", TOTALTEXT), ("totaltext_pascal", PASCAL)])
@pytest.mark.parametrize("name", ["itself", "totaltext_hand_cases"])
def test_totaltext(fixtures, protocol, names, name):
    hand = name == "totaltext_hand_cases"
    variant = protocol.removeprefix("totaltext_")
    folder = fixtures / (name if hand else protocol)
    truth = read_lines(folder / "gt.jsonl")
    metric = score(truth, read_lines(folder / ("det.jsonl" if hand else "det_baseline.jsonl")), protocol)
    expected = read_json(folder / "expected.json")["results"]
    assert_totals(metric, expected[variant] if hand else expected["baseline"], names)
    lines = read_lines(folder / "per_image.jsonl")
    images = {line["image"]: line for line in lines if line.get("variant", variant) == variant}
    assert len(images) == len(truth) == len(metric.images)
    for line, result in zip(truth, metric.images):
        image = images[line["image"]]
        assert result.recall == pytest.approx(image["recall"], abs=1e-6), image
        assert result.precision == pytest.approx(image["precision"], abs=1e-6), image


@pytest.mark.parametrize("results", ["official_example", "clockwise_set"])
def test_ctw1500(fixtures, results):
    folder = fixtures / "ctw1500_iou"
    lines = read_lines(folder / "gt.jsonl"), read_lines(folder / f"det_{results}.jsonl")
    expected = read_json(folder / "expected.json")
    metric, primary = score(*lines, "ctw1500"), expected["results"][results]
    assert_totals(metric, primary, {"matched": "tp", "gt_care": "gt", "det_dropped": "det_invalid"})
    assert metric.counts["det_care"] == primary["tp"] + primary["fp"] == primary["det"] - primary["det_invalid"]
    more = metric.protocol.more_scores(metric.images)
    assert more == {"average_precision": pytest.approx(primary["ap"], abs=1e-6)}
    secondary = score(*lines, "ctw1500", rule="any_free")
    assert_totals(secondary, expected["results_secondary_any_unmatched_gt"][results], PASCAL)


def test_td500_boxes(fixtures):
    folder = fixtures / "td500_rotated"
    rule = "unrotated_box_iou_and_angle"
    lines = read_lines(folder / "gt.jsonl"), read_lines(folder / "det.jsonl")
    metric = score(*lines, "td500", rects=True, rule=rule)
    assert_totals(metric, read_json(folder / "expected.json")["results"][rule], ONE_TO_ONE)
    for result, line in zip(metric.images, read_lines(folder / "per_image.jsonl"), strict=True):
        assert_image(result, {"image": line["image"], **line[rule]}, ONE_TO_ONE)


def test_td500_polygons(fixtures):
    folder = fixtures / "td500_rotated"
    metric = score(read_lines(folder / "gt.jsonl"), read_lines(folder / "det.jsonl"), "td500")
    expected = read_json(folder / "expected.json")["results"]["rotated_polygon_iou"]
    assert_totals(metric, expected, {"matched": "tp", "det_care": "det"})
    for result, line in zip(metric.images, read_lines(folder / "per_image.jsonl"), strict=True):
        image, counts = line["rotated_polygon_iou"], result.counts
        missed = counts["gt_care"] - counts["matched"]
        assert (counts["matched"], missed, counts["det_care"]) == (image["tp"], image["fn"], image["det"])


@pytest.mark.parametrize("method", ["east", "pixellink", "fots"])
def test_mindocrs_counting_never_gives_less(fixtures, method):
    folder = fixtures / "icdar2015_iou"
    lines = read_lines(folder / "gt.jsonl"), read_lines(folder / f"det_{method}.jsonl")
    official, theirs = score(*lines, "icdar2015").result(), score(*lines, "mindocr_compat").result()
    assert theirs["counts"]["gt_care"] == official["counts"]["gt_care"]
    assert theirs["precision"] >= official["precision"] > 0.5


@pytest.mark.parametrize(
    ("protocol", "name", "results"),
    [
        ("icdar2015", "icdar2015_iou", "det_east"),
        ("icdar2013_deteval", "icdar2013_deteval", "det"),
        ("totaltext_deteval", "totaltext_deteval", "det_baseline"),
        ("totaltext_pascal", "totaltext_pascal", "det_baseline"),
        ("ctw1500", "ctw1500_iou", "det_clockwise_set"),
        ("td500", "td500_rotated", "det"),
    ],
)
def test_ranks_that_score_a_shard_each_and_add_their_counts_give_the_same(fixtures, protocol, name, results):
    truth, found = (read_lines(fixtures / name / f"{file}.jsonl") for file in ("gt", results))
    whole = score(truth, found, protocol).result()
    for world in (2, 3):
        ranks = [score(truth[rank::world], found[rank::world], protocol) for rank in range(world)]
        for other in ranks[1:]:
            ranks[0].merge(other.counts)
        assert ranks[0].result() == whole, world
    assert whole["f-score"] > 0
