"""Metric scores of results in files: sums, intervals, printed and written output."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import numpy as np
import pytest
import yaml

from mindocr.errors import ConfigError, DataError
from mindocr.metrics.matching import ImageResult
from mindocr.metrics.protocols import PROTOCOLS, build_protocol
from mindocr.metrics.score import RESAMPLES, bootstrap, make_metric, score
from mindocr.registry import METRICS

BOX = np.array([[0, 0], [100, 0], [100, 40], [0, 40]], dtype=np.float64)


class Side(NamedTuple):
    polys: list[np.ndarray]
    ignore: list[bool]
    texts: list[str] | None = None


class Pair(NamedTuple):
    image: str
    truth: Side
    found: Side


def pair(image: str, words: int, found: int) -> Pair:
    places = [BOX + (0, 60 * i) for i in range(max(words, found))]
    return Pair(image, Side(places[:words], [False] * words), Side(places[:found], []))


def images(matched: list[int], words: int = 4) -> list[ImageResult]:
    return [ImageResult({"matched": m, "gt_care": words, "det_care": words}, 0, 0) for m in matched]


def test_sums_and_words():
    result = score([pair("a", 3, 3), pair("b", 5, 1)], ["b"], make_metric("icdar2015"))
    assert (result.recall, result.precision, result.f_score) == (0.5, 1, pytest.approx(2 / 3))
    content = json.loads(result.as_json())
    assert content["hmean"] == pytest.approx(2 / 3) and (content["precision"], content["recall"]) == (1, 0.5)
    assert content["counts"] == {"images": 2, "matched": 4, "gt_care": 8, "det_care": 4}
    assert content["missing"] == ["b"]
    assert content["interval"]["recall"] == [0.2, 1.0], "either image may be drawn twice"
    assert content["interval"]["hmean"] == [pytest.approx(1 / 3), 1.0]
    assert "recall     0.500000  (95% interval 0.2000 to 1.0000)" in str(result)
    assert "note: 1 images without results, counted as images without detections: b" in str(result)


def test_the_documented_examples_run(repo_root):
    page = (repo_root / "docs/metrics.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    assert len(examples) == 3
    for example in examples:
        exec(compile(example, "docs/metrics.md", "exec"), {})
    (recipe,) = re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.S)
    assert METRICS.build(yaml.safe_load(recipe)["metric"]).protocol_name == "icdar2013_deteval"
    for name in PROTOCOLS.names():
        assert f"| `{name}`" in page


def test_the_metric_is_reset_and_more_scores_are_told():
    metric = make_metric("ctw1500", ["rule=best_iou"])
    metric.update([BOX], [], [])
    result = score([pair("a", 1, 1)], [], metric)
    assert result.counts["images"] == 1
    assert result.more == {"average_precision": 1.0}
    assert "average precision 1.000000" in str(result)
    assert json.loads(result.as_json())["average_precision"] == 1


def test_the_interval_has_the_width_of_theory():
    matched = np.random.default_rng(0).binomial(4, 0.7, 300)
    low, high = bootstrap(images(matched.tolist()), build_protocol("icdar2015"), seed=0)["recall"]
    error = matched.std() / 4 / np.sqrt(300)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert low < matched.mean() / 4 < high


def test_the_interval_depends_on_the_seed_alone():
    results, rules = images([0, 4, 2, 1, 3]), build_protocol("icdar2015")
    assert bootstrap(results, rules, 1) == bootstrap(results, rules, 1)
    assert bootstrap(results, rules, 1) != bootstrap(images([0, 4, 2, 1, 1]), rules, 1)
    assert RESAMPLES >= 1000
    assert bootstrap([], rules, 0)["f_score"] == (0, 0)
    assert bootstrap(images([4]), rules, 0)["f_score"] == (1, 1)


def test_a_large_set_is_resampled_in_blocks(monkeypatch):
    results, rules = images([0, 4, 2, 1, 3] * 4), build_protocol("icdar2015")
    whole = bootstrap(results, rules, 0)
    monkeypatch.setattr("mindocr.metrics.score._BLOCK", 100)
    assert bootstrap(results, rules, 0) == whole


def test_an_outline_that_the_protocol_cannot_judge_is_told_with_its_image():
    metric = make_metric("td500", ["rule=unrotated_box_iou_and_angle"])
    wrong = Pair("late", Side([BOX[:3]], [False]), Side([], []))
    with pytest.raises(DataError, match="image late: td500, rule .* got a polygon of 3"):
        score([pair("early", 1, 1), wrong], [], metric)


def test_words_of_the_command_line():
    with pytest.raises(ConfigError, match="expected KEY=VALUE such as rule=icdar2013, got 'icdar2013'"):
        make_metric("icdar2013_deteval", ["icdar2013"])
    with pytest.raises(ConfigError, match=r"unknown protocol 'icdar2014' \(did you mean 'icdar201"):
        make_metric("icdar2014")
