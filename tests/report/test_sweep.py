"""The evaluation at every threshold, against scoring anew and against numbers computed by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rectangles import rect, scatter

from mindocr.metrics.det_metric import DetMetric
from mindocr.report import sweep as sweeping
from mindocr.report.sweep import ASIDE, GONE, HIT, WRONG, choose_thresholds, short_between, state_at, sweep

WORD, OTHER, APART = rect(0, 0, 100, 20), rect(0, 50, 100, 70), rect(200, 100, 300, 120)
PROTOCOLS = ["icdar2015", "totaltext_deteval", "totaltext_pascal", "td500", "icdar2013_deteval", "ctw1500"]


def states(result, case, kept):
    """States of texts and of all candidates from a result for the candidates at ``kept``."""
    texts = [ASIDE if i in result.gt_dontcare else HIT if i in {t for t, _ in result.pairs} else WRONG
             for i in range(len(case.truth))]  # fmt: skip
    found = [GONE] * len(case.candidates)
    for at, i in enumerate(kept):
        found[i] = ASIDE if at in result.det_dontcare else HIT if at in {d for _, d in result.pairs} else WRONG
    return texts, found


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_threshold_equals_scoring_anew(judged, protocol):
    judged.use(protocol)
    scatter(judged, images=12)
    swept = sweep(judged.cases, judged.metric.protocol, 0.5, steps=20)
    thresholds = [point.threshold for point in swept.points]
    assert len(thresholds) in (20, 21) and thresholds == sorted(set(thresholds)) and thresholds[swept.now] == 0.5
    for k, (point, totals) in enumerate(zip(swept.points, swept.totals)):
        metric, counted = DetMetric(protocol=protocol), np.zeros(3, int)
        for case, image in zip(judged.cases, swept.images):
            kept = [i for i, score in enumerate(case.candidate_scores) if score >= point.threshold]
            result = metric.update([case.candidates[i] for i in kept], case.truth, case.ignore)
            texts, found = states(result, case, kept)
            assert [state_at(runs, k) for runs in image.truth] == texts
            assert [state_at(runs, k) for runs in image.found] == [found[i] for i in case.everything().places]
            own = next(row for row in reversed(image.results) if row.step <= k)
            assert (own.recall, own.precision) == (result.recall, result.precision)
            numbers = texts.count(HIT), texts.count(WRONG), found.count(WRONG)
            assert own.totals == numbers
            counted += numbers
        expected = metric.result()
        assert point[1:] == pytest.approx((expected["recall"], expected["precision"], expected["f-score"]), abs=1e-12)
        assert totals == tuple(counted)


def test_at_the_threshold_of_the_evaluation_everything_is_as_evaluated(judged):
    scatter(judged)
    swept = sweep(judged.cases, judged.metric.protocol, 0.5)
    result = judged.metric.result()
    assert swept.points[swept.now].f_score == pytest.approx(result["f-score"], abs=1e-12)
    for case, image in zip(judged.cases, swept.images):
        texts = [state_at(runs, swept.now) for runs in image.truth]
        found = [state_at(runs, swept.now) for runs in image.found]
        assert [i for i, state in enumerate(texts) if state == WRONG] == case.misses
        assert [i for i, state in enumerate(found) if state == WRONG] == case.alarms, "found first, in their order"
        assert found[len(case.found) :] == [GONE] * (len(found) - len(case.found))


def test_a_match_that_moves_to_a_weaker_detection_by_hand(judged):
    """Two detections for one text: the first in the file matches until the threshold removes it, then the other."""
    judged([WORD, OTHER], [WORD + (4, 0), WORD, APART], scores=[0.5, 0.9, 0.7])
    swept = sweep(judged.cases, judged.metric.protocol)
    assert [point.threshold for point in swept.points] == [0.5, 0.7, 0.9] and swept.now == 0 and swept.all_scores
    (image,) = swept.images
    assert image.truth == [[(0, HIT)], [(0, WRONG)]]
    assert image.found == [[(0, HIT), (1, GONE)], [(0, WRONG), (1, HIT)], [(0, WRONG), (2, GONE)]]
    assert swept.totals == [(1, 1, 2), (1, 1, 1), (1, 1, 0)]
    assert [point[1:3] for point in swept.points] == [
        (0.5, pytest.approx(1 / 3)), (0.5, 0.5), (0.5, 1.0)
    ]  # fmt: skip


def test_a_threshold_above_every_score_leaves_nothing(judged):
    judged([WORD], [], scores=[], candidates=[WORD, APART], candidate_scores=[0.4, 0.2])
    swept = sweep(judged.cases, judged.metric.protocol, 0.6)
    assert [point.threshold for point in swept.points] == [0.2, 0.4, 0.6] and swept.now == 2
    assert swept.totals == [(1, 0, 1), (1, 0, 0), (0, 1, 0)]
    assert swept.images[0].found == [[(0, HIT), (2, GONE)], [(0, WRONG), (1, GONE)]], "highest score first"


def test_without_candidates_it_starts_at_what_was_found(judged):
    judged([WORD], [WORD, APART], scores=[0.9, 0.6])
    assert sweep(judged.cases, judged.metric.protocol).points == [(0.6, 1.0, 0.5, 2 / 3), (0.9, 1.0, 1.0, 1.0)]


def test_no_scores_no_sweep(judged):
    judged([WORD], [WORD])
    assert sweep(judged.cases, judged.metric.protocol) is None
    judged.use("icdar2015")
    judged([WORD], scores=[])
    assert sweep(judged.cases, judged.metric.protocol) is None and sweep([], judged.metric.protocol) is None


def test_weak_detections_are_bounded(judged, monkeypatch):
    monkeypatch.setattr(sweeping, "MAX_WEAK", 3)
    scores = [0.9, 0.05, 0.1, 0.2, 0.3, 0.4]
    judged([WORD], [WORD], scores=[0.9], candidates=[WORD] + [APART + i for i in range(5)], candidate_scores=scores)
    swept = sweep(judged.cases, judged.metric.protocol, 0.6)
    assert [point.threshold for point in swept.points] == [0.2, 0.3, 0.4, 0.6]
    assert [runs for runs in swept.images[0].found if runs == [(0, GONE)]] == [[(0, GONE)]] * 2, "0.05 and 0.1"
    assert swept.totals[0] == (1, 0, 3)


def test_thresholds_have_few_digits_and_keep_that_of_the_evaluation():
    scores = np.array([0.31234567, 0.5512, 0.5518, 0.87, 12.5])
    thresholds, now = choose_thresholds(scores, 0.6)
    assert thresholds.tolist() == [0.3, 0.5, 0.5518, 0.6, 12.5] and now == 3, "0.6 removes the same as 0.8 or 0.87"
    kept = [(scores >= threshold).sum() for threshold in thresholds]
    assert kept == [5, 4, 3, 2, 1]
    many = np.sort(np.random.default_rng(0).random(5000))
    thresholds, now = choose_thresholds(many, 0.6123)
    assert len(thresholds) == 201 and thresholds[now] == 0.6123
    assert (many >= thresholds[0]).all() and (many >= thresholds[-1]).sum() == 1
    assert choose_thresholds(np.array([0.7]), 0.7) == (np.array([0.7]), 0)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_short_number_is_between(a, b):
    low, high = sorted((a, b))
    if low < high:
        short = short_between(low, high)
        assert low < short <= high and len(repr(short)) <= max(len(repr(high)), 4)
