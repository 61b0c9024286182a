"""Two evaluations compared: differences and intervals by hand and by a plain loop, pairs of images, settings."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from rectangles import rect, scatter

from mindocr.errors import DataError
from mindocr.metrics.protocols import build_protocol
from mindocr.metrics.score import RESAMPLES
from mindocr.report.compare import Evaluated, compare, scores_of
from mindocr.report.paired import different_settings, pair_names, paired_differences

WORD, OTHER, APART = rect(0, 0, 100, 20), rect(0, 50, 100, 70), rect(200, 100, 300, 120)


def side(name, judged, protocol="icdar2015", **more):
    return Evaluated(name, protocol, build_protocol(protocol), list(judged.cases), **more)


@pytest.fixture
def both(judged):
    """The first finds one of two texts in both images; the second both in one, and a false positive in the other."""
    for found in ([WORD], [WORD]):
        judged([WORD, OTHER], found)
    first = side("first", judged)
    judged.use("icdar2015")
    for found in ([WORD, OTHER], [WORD, APART]):
        judged([WORD, OTHER], found)
    return first, side("second", judged)


def test_differences_by_hand(both):
    result = compare(*both)
    by_name = {each.name: each for each in result.differences}
    assert by_name["recall"][1:4] == (0.5, 0.75, 0.25)
    assert by_name["precision"][1:4] == (1.0, 0.75, -0.25)
    assert by_name["f-score"][1:4] == (pytest.approx(2 / 3), 0.75, pytest.approx(1 / 12))
    # resamples hold the first image twice, the second twice, or both
    assert by_name["recall"][4:] == (0.0, 0.5) and by_name["precision"][4:] == (-0.5, 0.0)
    assert by_name["f-score"][4:] == pytest.approx((0.5 - 2 / 3, 1 - 2 / 3))
    assert result.changes() == pytest.approx([1 - 2 / 3, 0.5 - 2 / 3])


@pytest.mark.parametrize("protocol", ["icdar2015", "totaltext_deteval"])
def test_the_interval_equals_that_of_a_plain_loop(judged, protocol):
    judged.use(protocol)
    scatter(judged, 20, seed=1)
    scatter(judged, 20, seed=2)
    rules = judged.metric.protocol
    counts = np.array([[case.result.counts[name] for name in rules.count_names] for case in judged.cases], float)
    first, second, formula = counts[:20], counts[20:], partial(scores_of, protocol=rules)
    rows = {row.name: row for row in paired_differences(first, second, formula, seed=3)}
    weights = np.random.default_rng(3).multinomial(20, np.full(20, 1 / 20), size=RESAMPLES)
    changes = []
    for weight in weights:
        drawn = np.repeat(np.arange(20), weight)
        scores = [rules.score(dict(zip(rules.count_names, each[drawn].sum(axis=0)))) for each in (first, second)]
        f = [2 * recall * precision / (recall + precision) for recall, precision in scores]
        changes.append(f[1] - f[0])
    assert (rows["f-score"].low, rows["f-score"].high) == pytest.approx(tuple(np.percentile(changes, [2.5, 97.5])))
    assert paired_differences(first, second, formula, seed=3) == paired_differences(first, second, formula, seed=3)


def test_an_evaluation_compared_with_itself_does_not_differ(judged):
    scatter(judged, 10)
    own = side("a", judged, settings={"metric": {"name": "DetMetric"}})
    result = compare(own, own)
    assert all((row.change, row.low, row.high) == (0, 0, 0) for row in result.differences)
    assert result.changes() == [0] * 10 and result.settings == []


def test_images_are_paired_by_name_and_others_left_out(both):
    first, second = both
    moved = [replace(case, image=f"/elsewhere/{case.image}") for case in reversed(second.cases)]
    extra = replace(second.cases[0], image="/elsewhere/more")
    result = compare(first, replace(second, cases=[*moved, extra]))
    assert [case.image for case in result.second.cases] == ["/elsewhere/img_0", "/elsewhere/img_1"]
    assert result.differences == compare(first, second).differences
    assert (result.only_first, result.only_second) == ([], ["/elsewhere/more"])


def test_names_take_as_many_folders_as_tell_them_apart():
    assert pair_names(["a/1.jpg", "b/1.jpg"], ["/x/b/1.jpg", "/x/a/1.jpg"]) == ([(0, 1), (1, 0)], [], [])
    assert pair_names(["/x/1.jpg"], ["\\y\\1.jpg"]) == ([(0, 0)], [], [])
    assert pair_names(["1.jpg"], ["2.jpg"]) == ([], ["1.jpg"], ["2.jpg"])
    assert pair_names([], []) == ([], [], [])


def test_what_cannot_be_compared(both, judged):
    first, second = both
    other = replace(second, protocol_name="ctw1500", protocol=build_protocol("ctw1500"))
    with pytest.raises(
        DataError, match=r"different protocols: first was scored by icdar2015, second by ctw1500 .*--protocol"
    ):
        compare(first, other)
    strict = replace(first, protocol_name="ctw1500", protocol=build_protocol("ctw1500", {"rule": "any_free"}))
    with pytest.raises(DataError, match="different protocols: first was scored by ctw1500"):
        compare(strict, other)
    elsewhere = replace(second, cases=[replace(case, image=f"{i}.png") for i, case in enumerate(second.cases)])
    with pytest.raises(DataError, match="no image in common: first has img_0, img_1, second has 0.png, 1.png"):
        compare(first, elsewhere)
    changed = [replace(second.cases[0], truth=[WORD, OTHER + 1]), second.cases[1]]
    with pytest.raises(
        DataError, match="different labels: 1 of 2 images have other ground truth in first .* such as img_0"
    ):
        compare(first, replace(second, cases=changed))
    foreign = replace(first, protocol_name="totaltext_deteval", protocol=build_protocol("totaltext_deteval"))
    with pytest.raises(DataError, match="first: its counts are not those of totaltext_deteval; set --protocol"):
        compare(foreign, foreign)
    flagged = [second.cases[0], replace(second.cases[1], ignore=np.array([True, False]))]
    with pytest.raises(DataError, match="such as img_1"):
        compare(first, replace(second, cases=flagged))


def test_settings_that_differ():
    first = {"postprocess": {"box_thresh": 0.6, "box_type": "quad"}, "ops": [{"A": {"p": 1}}, {"B": None}], "x": [1, 2]}
    second = {"postprocess": {"box_thresh": 0.5, "box_type": "quad"}, "ops": [{"A": {"p": 2}}], "x": [1, 2], "new": {}}
    assert different_settings(first, second) == [
        ("postprocess.box_thresh", 0.6, 0.5), ("ops[0].A.p", 1, 2), ("new", None, {}),
    ]  # fmt: skip
    assert different_settings({"a": None}, {"a": 1}) == [("a", None, 1)]
    assert different_settings({}, second) == [], "results in files have no settings"
