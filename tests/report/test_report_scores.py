"""Scores of results in files are used for the precision-recall curve."""

import json
from pathlib import Path

import numpy as np
import pytest
from rectangles import rect

from mindocr.formats.benchmarks import read_pairs
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.score import score
from mindocr.report.collect import judged_images_of
from mindocr.report.page import write_page
from mindocr.report.sweep import sweep

WORD, OTHER, APART = rect(0, 0, 100, 20), rect(0, 50, 100, 70), rect(200, 100, 300, 120)
CURVE = 'class="curve"'


def judge(gt: Path, det: Path, protocol: str = "icdar2015") -> tuple[list, DetMetric]:
    """Cases and the metric that judged them, by the code path of tools/score.py."""
    metric = DetMetric(protocol=protocol)
    pairs, missing = read_pairs(gt, det, {"gt": "icdar2015", "det": "icdar2015"}, metric.protocol.takes_rotated_boxes)
    score(pairs, missing, metric)
    return judged_images_of(pairs, metric.images), metric


def written(path: Path, *lines: dict) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def line(image: str, *outlines: np.ndarray, **more: list) -> dict:
    return {"image": image, "polygons": [outline.tolist() for outline in outlines], **more}


@pytest.fixture
def gt(tmp_path):
    """Two texts, and one in an image for which there are no results."""
    lines = line("1", WORD, OTHER, ignore=[False, False]), line("2", WORD, ignore=[False])
    return written(tmp_path / "gt.jsonl", *lines)


def labels(path: Path, *scores: float) -> Path:
    items = [{"transcription": "", "points": outline.tolist(), "score": each}
             for outline, each in zip((APART, WORD, OTHER), scores)]  # fmt: skip
    path.write_text(f"1.jpg\t{json.dumps(items)}\n", encoding="utf-8")
    return path


def quads(path: Path, *scores: float) -> Path:
    path.mkdir()
    rows = [[*outline.astype(int).ravel().tolist(), each] for outline, each in zip((APART, WORD, OTHER), scores)]
    (path / "res_1.txt").write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
    return path


def jsonl(path: Path, *scores: float) -> Path:
    return written(path, line("1", APART, WORD, OTHER, scores=list(scores)))


@pytest.mark.parametrize("write", [labels, quads, jsonl])
def test_the_curve_by_hand(gt, tmp_path, write):
    # three texts; the false positive comes first in the file and in score between the two matches
    cases, metric = judge(gt, write(tmp_path / "det", 0.5, 0.9, 0.2))
    assert [case.scores for case in cases] == [[0.5, 0.9, 0.2], []]
    points = sweep(cases, metric.protocol).points
    assert [point[:3] for point in points] == [
        (0.2, pytest.approx(2 / 3), pytest.approx(2 / 3)),
        (0.5, pytest.approx(1 / 3), pytest.approx(1 / 2)),
        (0.9, pytest.approx(1 / 3), 1.0),
    ]
    page = write_page(tmp_path / "report", cases, metric, {}).read_text(encoding="utf-8")
    assert CURVE in page and "have no scores" not in page


@pytest.mark.parametrize("scored", [[], ["1"]])
def test_no_curve_unless_all_detections_have_scores(gt, tmp_path, scored):
    lines = [line(image, WORD, **({"scores": [0.5]} if image in scored else {})) for image in ("1", "2")]
    cases, metric = judge(gt, written(tmp_path / "det.jsonl", *lines))
    assert [case.scores for case in cases] == [None, None]
    page = write_page(tmp_path / "report", cases, metric, {}).read_text(encoding="utf-8")
    assert CURVE not in page and "Some or all detections have no scores" in page


@pytest.mark.parametrize("protocol", ["icdar2015", "ctw1500", "totaltext_pascal"])
def test_scores_change_no_match(gt, tmp_path, protocol):
    # two for one text: which of them counts depends on their order in the file, not on their scores
    twice = [WORD + (4, 0), WORD]
    plain, _ = judge(gt, written(tmp_path / "plain.jsonl", line("1", *twice)), protocol)
    scored, _ = judge(gt, written(tmp_path / "scored.jsonl", line("1", *twice, scores=[0.1, 0.9])), protocol)
    assert [case.result for case in scored] == [case.result for case in plain]
    assert plain[0].result.pairs == [(0, 0)]


@pytest.mark.parametrize("method", ["EAST", "FOTS"])
def test_the_lowest_threshold_gives_the_plain_score(shared_dir, tmp_path, method):
    folder = shared_dir / "data/metric_fixtures/icdar2015_iou"
    results = [json.loads(text) for text in (folder / f"det_{method.lower()}.jsonl").read_text().splitlines()]
    rng = np.random.default_rng(0)  # the published results have none
    for each in results:
        each["scores"] = rng.random(len(each["polygons"])).tolist()
    cases, metric = judge(folder / "gt.jsonl", written(tmp_path / "det.jsonl", *results))
    first, *_, last = sweep(cases, metric.protocol, steps=5).points
    expected = json.loads((folder / "expected.json").read_text())["results"][method]
    assert first[1:] == pytest.approx([expected[name] for name in ("recall", "precision", "hmean")], abs=1e-6)
    assert first[1:] == pytest.approx([metric.result()[name] for name in ("recall", "precision", "f-score")], abs=1e-12)
    assert last.recall < 0.01 < first.recall
