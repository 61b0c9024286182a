"""Every tag on a case computed by hand, and all of them together on real detections."""

import json

import numpy as np
import pytest
from rectangles import rect

from mindocr.geometry import polygon_iou
from mindocr.metrics.protocols import PROTOCOLS
from mindocr.report.diagnosis import (
    LABEL,
    LOW,
    MERGED,
    NOTHING,
    PART,
    PLACED,
    REGION,
    SMALL,
    SPLIT,
    TAGS,
    UNCLIP,
    Limits,
    diagnose,
    moved,
    score_limits,
)

WORD = rect(0, 0, 100, 20)
BOW_TIE = np.array([[0, 0], [100, 20], [100, 0], [0, 20]], dtype=np.float64)
APART = rect(200, 100, 300, 120)


def tags(judged, *args, limits=None, **more):
    """Tags of the missed texts and of the false positives of one image, in order."""
    found = diagnose([judged(*args, **more)], judged.metric.protocol, limits)[0]
    return [finding.tag for finding in found.misses.values()], [finding.tag for finding in found.alarms.values()]


@pytest.mark.parametrize(
    ("truth", "found", "missed", "alarms"),
    [
        pytest.param([WORD], [APART], [NOTHING], [NOTHING], id="nothing on the other side"),
        pytest.param([rect(0, 0, 30, 7)], [], [SMALL], [], id="7 pixels high"),
        pytest.param([rect(0, 0, 30, 8)], [], [NOTHING], [], id="8 pixels high"),
        pytest.param([], [rect(0, 0, 30, 5)], [], [SMALL], id="a speck"),
        pytest.param([WORD], [rect(0, 0, 45, 20), rect(55, 0, 100, 20)], [SPLIT], [SPLIT, SPLIT], id="45 % each"),
        pytest.param([WORD], [WORD, rect(10, 0, 90, 20)], [], [SPLIT], id="found twice"),
        pytest.param([rect(0, 0, 45, 20), rect(55, 0, 100, 20)], [WORD], [MERGED, MERGED], [MERGED], id="two in one"),
        pytest.param([rect(0, 0, 70, 20), rect(75, 0, 100, 20)], [WORD], [MERGED], [], id="the larger one matches"),
        pytest.param([WORD], [rect(5, 5, 95, 15)], [UNCLIP], [UNCLIP], id="IoU 0.45, too small"),
        pytest.param([WORD], [rect(-8, -8, 108, 28)], [UNCLIP], [UNCLIP], id="IoU 0.48, too large"),
        pytest.param([WORD], [rect(70, 0, 170, 20)], [PLACED], [PLACED], id="IoU 0.18, beside"),
        pytest.param([WORD], [rect(0, 0, 45, 20)], [PART], [PART], id="45 % of the length"),
        pytest.param([WORD], [rect(0, 0, 45, 9)], [PLACED], [PLACED], id="45 % of the length and of the height"),
        pytest.param([WORD], [rect(0, 0, 20, 20), rect(60, 0, 80, 20)], [PART], [SPLIT, SPLIT], id="two short pieces"),
        pytest.param([WORD], [rect(92, 0, 192, 20)], [NOTHING], [NOTHING], id="IoU 0.04, grazed"),
        pytest.param([BOW_TIE], [], [LABEL], [], id="crosses itself"),
        pytest.param([rect(-80, 0, 20, 20)], [], [LABEL], [], id="80 % outside the picture"),
        pytest.param([WORD, WORD + 1], [WORD], [LABEL], [], id="labelled twice"),
        pytest.param([WORD, WORD + 1], [], [NOTHING, LABEL], [], id="labelled twice, both missed"),
    ],
)
def test_tags_from_outlines(judged, truth, found, missed, alarms):
    assert tags(judged, truth, found) == (missed, alarms)


def test_a_strip_that_deteval_misses(judged):
    """A recall of 0.7 is too little for DetEval: the detection is right except for its length."""
    judged.use("icdar2013_deteval")
    found = diagnose([judged([WORD], [rect(0, 0, 69, 19)])], judged.metric.protocol)[0]
    assert found.misses[0].tag == found.alarms[0].tag == PART
    assert found.misses[0].why == "69% of its length is covered: 31 pixels are missing"
    slanted = np.array([[0, 0], [80, 60], [68, 76], [-12, 16]], dtype=np.float64)  # 100 pixels long, 20 high
    half = np.array([[0, 0], [48, 36], [36, 52], [-12, 16]], dtype=np.float64)
    judged.use("icdar2015")
    case = judged([slanted], [half - (4, 3)])
    assert [each.tag for each in diagnose([case], judged.metric.protocol)[0].misses.values()] == []  # IoU 0.53
    judged.use("totaltext_deteval")
    case = judged([slanted], [half])
    (miss,) = diagnose([case], judged.metric.protocol)[0].misses.values()
    assert miss == (PART, "60% of its length is covered: 40 pixels are missing")


def test_matches_of_several_have_a_tag(judged):
    """DetEval gives credit for a text in two pieces and for two texts in one detection; both are on the page."""
    judged.use("icdar2013_deteval")
    pieces, words = [rect(0, 0, 49, 19), rect(50, 0, 99, 19)], [rect(0, 40, 49, 59), rect(60, 40, 99, 59)]
    whole = [rect(0, 80, 99, 99)]
    case = judged([rect(0, 0, 99, 19), *words, *whole], [*pieces, rect(0, 40, 99, 59), *whole])
    (found,) = diagnose([case], judged.metric.protocol)
    assert found.misses == found.alarms == {}
    assert {text: each.tag for text, each in found.shared_texts.items()} == {0: SPLIT, 1: MERGED, 2: MERGED}
    assert {at: each.tag for at, each in found.shared_found.items()} == {0: SPLIT, 1: SPLIT, 2: MERGED}
    assert found.shared_texts[0].why == "the protocol matched 2 pieces with one text"
    assert found.shared_texts[1].why == "the protocol matched one detection with 2 texts"


def test_ignored_regions(judged):
    # the detection lies in the region, is set aside, and would have matched the word
    assert tags(judged, [WORD, rect(0, 0, 100, 40)], [WORD], [False, True]) == ([REGION], [])
    # a third of the detection lies in the region: too little to be set aside
    assert tags(judged, [WORD], [rect(0, 0, 300, 20)], [True]) == ([], [REGION])
    # an eighth is no explanation
    assert tags(judged, [rect(0, 0, 50, 40)], [rect(40, 0, 120, 20)], [True]) == ([], [NOTHING])
    # a word and a region under one detection
    assert tags(judged, [rect(0, 0, 45, 20), rect(55, 0, 100, 20)], [WORD], [False, True]) == ([MERGED], [MERGED])


def test_texts_are_measured_as_the_network_saw_them(judged):
    low = rect(0, 0, 30, 7)
    assert tags(judged, [low], ratio=(2.0, 1.0)) == ([NOTHING], [])
    assert tags(judged, [rect(0, 0, 100, 15)], ratio=(0.5, 0.5)) == ([SMALL], [])


def test_a_region_below_the_threshold_explains_a_miss(judged):
    case = judged([WORD], candidates=[WORD + 1, APART], candidate_scores=[0.4, 0.2], scores=[], peaks=[0.6])
    (miss,) = diagnose([case], judged.metric.protocol)[0].misses.values()
    assert miss.tag == LOW and miss.why == "a region is there, but its score is only 0.40"
    far = judged([WORD], candidates=[APART], candidate_scores=[0.4], scores=[], peaks=[0.21])
    (miss,) = diagnose([far], judged.metric.protocol)[0].misses.values()
    assert miss.tag == NOTHING and miss.why == "no detection there, highest probability inside 0.21"


@pytest.mark.parametrize(("score", "tag"), [(0.55, LOW), (0.7, NOTHING), (0.9, LABEL)])
def test_scores_explain_false_alarms(judged, score, tag):
    assert tags(judged, [], [APART], scores=[score], limits=Limits(0.6, 0.9)) == ([], [tag])


def test_a_sure_detection_at_a_do_not_care_region_is_no_unlabelled_text(judged):
    touching = rect(90, 0, 190, 20)  # a tenth of it
    assert tags(judged, [WORD], [touching], [True], scores=[0.95], limits=Limits(0.6, 0.9)) == ([], [NOTHING])


def test_limits_are_percentiles_of_the_hits(judged):
    words = [rect(0, 30 * i, 100, 30 * i + 20) for i in range(5)]
    judged(words, [*words, APART], scores=[0.5, 0.6, 0.7, 0.8, 0.9, 0.1])
    limits = score_limits(judged.cases)
    assert limits == pytest.approx((0.52, 0.7))  # 5 % of the way over five hits is a fifth of the first step
    assert score_limits([]) == (None, None)


def test_one_detection_mends_one_text(judged):
    """Both texts would match the detection once it has grown; it is one, so one of them has another tag."""
    upper, lower = rect(0, 0, 100, 20), rect(0, 8, 100, 28)
    found = diagnose([judged([upper, lower], [rect(5, 5, 95, 15)])], judged.metric.protocol)[0]
    assert [finding.tag for finding in found.misses.values()].count(UNCLIP) == 1
    assert [finding.tag for finding in found.alarms.values()] == [UNCLIP]


def test_what_is_said_about_an_outline_that_is_too_small(judged):
    (miss,) = diagnose([judged([WORD], [rect(5, 5, 95, 15)])], judged.metric.protocol)[0].misses.values()
    assert miss.why == "too small: IoU 0.45, matches when expanded by 10% of its height"
    np.testing.assert_allclose(moved(rect(5, 5, 95, 15), 1), rect(4, 4, 96, 16))
    octagon = np.array([[1, 0], [9, 0], [10, 1], [10, 9], [9, 10], [1, 10], [0, 9], [0, 1]], dtype=np.float64)
    inner = moved(octagon, -2)
    assert (inner.min(), inner.max()) == pytest.approx((2, 8))


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS.names() if not PROTOCOLS.get(name).compares_texts])
def test_every_mistake_has_a_tag_whatever_the_protocol(judged, protocol):
    judged.use(protocol)
    rng = np.random.default_rng(0)
    for _ in range(20):
        boxes = [rect(x, y, x + w, y + h) for x, y, w, h in rng.integers((0, 0, 10, 5), (300, 150, 100, 40), (12, 4))]
        near = [box + rng.normal(0, 3, (4, 2)) for box in boxes[2:]]
        judged(boxes[:8], near, rng.random(8) < 0.2, scores=rng.random(10).tolist())
    found = diagnose(judged.cases, judged.metric.protocol)
    assert [sorted(each.misses) for each in found] == [case.misses for case in judged.cases]
    assert [sorted(each.alarms) for each in found] == [case.alarms for case in judged.cases]
    everything = [finding for each in found for side in each for finding in side.values()]
    assert {finding.tag for finding in everything} <= set(TAGS) and all(finding.why for finding in everything)


@pytest.mark.parametrize("method", ["east", "pixellink"])
def test_classes_add_up_on_published_detections(shared_dir, judged, method):
    folder = shared_dir / "data/metric_fixtures/icdar2015_iou"
    sides = [[json.loads(line) for line in (folder / name).open()] for name in ("gt.jsonl", f"det_{method}.jsonl")]
    for truth, found in zip(*sides):
        outlines = [[np.array(poly, dtype=np.float64) for poly in side["polygons"]] for side in (truth, found)]
        judged(*outlines, truth["ignore"], size=(720, 1280))
    counts = judged.metric.counts
    found = diagnose(judged.cases, judged.metric.protocol)
    assert sum(len(each.misses) for each in found) == counts["gt_care"] - counts["matched"]
    assert sum(len(each.alarms) for each in found) == counts["det_care"] - counts["matched"]
    pairs = [
        (case, text, {i for i, alarm in each.alarms.items() if alarm == miss})
        for case, each in zip(judged.cases, found)
        for text, miss in each.misses.items()
        if miss.tag == UNCLIP
    ]
    assert len(pairs) >= 3
    for case, text, partners in pairs:
        assert len(partners) == 1, "the false alarm that would match has the same tag, in the same words"
        assert grown_iou(case.truth[text], case.found[partners.pop()]) > 0.5


def grown_iou(truth, found):
    """Best IoU of a detection scaled about its centre, side by side, as an expanded polygon is."""
    centre, (wide, high) = found.mean(axis=0), np.ptp(found, axis=0)
    steps = np.linspace(-0.3, 0.3, 31) * min(wide, high) * 2
    return max(polygon_iou(truth, (found - centre) * (1 + d / wide, 1 + d / high) + centre) for d in steps)
