"""Small cases of every protocol, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.errors import ConfigError, DataError
from mindocr.geometry import rotated_corners
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.matching import ImageResult, match_to_best
from mindocr.metrics.protocols import PROTOCOLS, build_protocol


def box(x: float, y: float, w: float, h: float) -> np.ndarray:
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], dtype=np.float64)


WORD = box(0, 0, 100, 40)
BOW_TIE = WORD[[0, 2, 1, 3]]


def judge(protocol: str, truth: list, found: list, ignore: list[bool] | None = None, **args: str) -> ImageResult:
    metric = DetMetric(protocol=protocol, protocol_args=args)
    texts = ["word"] * len(found), ["word"] * len(truth)
    return metric.update(found, truth, ignore if ignore is not None else [False] * len(truth), *texts)


def credits(result: ImageResult) -> tuple[float, float]:
    return result.counts["recall_sum"], result.counts["precision_sum"]


HALVES = [box(0, 0, 48, 40), box(52, 0, 48, 40)]
NEIGHBOURS = [box(0, 0, 50, 40), box(60, 0, 50, 40)]
BOTH = [box(0, 0, 110, 40)]


@pytest.mark.parametrize(
    ("protocol", "split", "merge"),
    [("icdar2013_deteval", (0.8, 1.6), (2.0, 1.0)), ("totaltext_deteval", (0.8, 1.6), (1.6, 0.8))],
)
def test_deteval_credits(protocol, split, merge):
    whole = judge(protocol, [WORD], [box(2, 1, 96, 38)])
    assert whole.groups == [("OO", [0], [0])] and credits(whole) == (1, 1)
    pieces = judge(protocol, [WORD], HALVES)
    assert pieces.groups == [("OM", [0], [0, 1])] and credits(pieces) == split
    assert pieces.pairs == [(0, 0), (0, 1)]
    together = judge(protocol, NEIGHBOURS, BOTH)
    assert together.groups == [("MO", [0, 1], [0])] and credits(together) == merge
    assert together.pairs == [(0, 0), (1, 0)]


@pytest.mark.parametrize("protocol", ["icdar2013_deteval", "totaltext_deteval"])
def test_deteval_refuses_what_covers_too_little(protocol):
    assert judge(protocol, [WORD], [box(0, 0, 30, 40), box(70, 0, 20, 40)]).groups == []
    assert judge(protocol, NEIGHBOURS, [box(-200, -200, 500, 500)]).groups == [], "both words, but mostly background"


def test_icdar2013_inclusive_pixels_change_the_size_of_a_box():
    word, found = box(0, 0, 9, 9), box(0, 0, 9, 7)  # 10 x 10 pixels, of which 8 rows: 0.8; without the rim 0.78
    assert credits(judge("icdar2013_deteval", [word], [found])) == (1, 1)
    assert credits(judge("icdar2013_deteval", [word], [found], geometry="continuous")) == (0, 0)


def test_icdar2013_rules_differ_where_a_detection_grazes_a_neighbour():
    words, found = [box(0, 0, 50, 40), box(52, 0, 50, 40)], [box(0, 0, 53, 40), box(53, 0, 49, 40)]
    by_the_book = judge("icdar2013_deteval", words, found, rule="deteval")
    assert [kind for kind, *_ in by_the_book.groups] == ["OO", "OO"]
    lonely = judge("icdar2013_deteval", words, found[:1], rule="deteval")
    assert lonely.groups == [("OO", [0], [0])], "no pair one to one, but a merge of one word"
    assert judge("icdar2013_deteval", words, found, rule="icdar2013").pairs == [(0, 0), (1, 1)]


def test_icdar2013_takes_outlines_by_their_bounding_boxes():
    slanted = rotated_corners(np.array([[0, 0, 100, 40, 0.1]]))[0]
    low, high = slanted.min(axis=0), slanted.max(axis=0)
    assert credits(judge("icdar2013_deteval", [slanted], [box(*low, *(high - low))])) == (1, 1)
    assert credits(judge("icdar2013_deteval", [WORD], [BOW_TIE])) == (1, 1)


@pytest.mark.parametrize(
    ("protocol", "aside"),
    [("icdar2013_deteval", True), ("totaltext_deteval", True), ("totaltext_pascal", True), ("icdar2015", True),
     ("mindocr_compat", True), ("ctw1500", False), ("td500", False)],
)  # fmt: skip
def test_detections_on_do_not_care_regions(protocol, aside):
    result = judge(protocol, [WORD, box(200, 0, 100, 40)], [WORD, box(200, 0, 100, 40)], [True, False])
    assert result.det_dontcare == ([0] if aside else [])
    assert result.counts["gt_care"] == (1 if aside else 2), "CTW1500 has no such regions; a difficult line was found"
    assert (result.recall, result.precision) == (1, 1)


def test_totaltext_pascal_has_no_second_choice():
    texts = [box(0, 0, 100, 40), box(0, 20, 100, 40)]
    found = [box(0, 0, 100, 40), box(0, 8, 100, 40)]  # the second: IoU 0.67 with the first text, 0.54 with the second
    assert judge("totaltext_pascal", texts, found).pairs == [(0, 0)]
    assert judge("icdar2015", texts, found).pairs == [(0, 0), (1, 1)]


def test_totaltext_pascal_adds_a_pixel_to_the_union():
    assert judge("totaltext_pascal", [box(0, 0, 10, 10)], [box(0, 0, 10, 5)]).pairs == []
    assert judge("totaltext_pascal", [box(0, 0, 10, 10)], [box(0, 0, 10, 5.1)]).pairs == [(0, 0)]


def test_ctw1500_drops_self_crossing_detections():
    result = judge("ctw1500", [WORD], [BOW_TIE, WORD])
    assert result.pairs == [(0, 1)] and result.det_dontcare == [0]
    assert result.counts == {"matched": 1, "gt_care": 1, "det_care": 1, "det_dropped": 1}
    missed = judge("ctw1500", [BOW_TIE], [WORD])
    assert (missed.recall, missed.counts["gt_care"], missed.counts["det_care"]) == (0, 1, 1)


def test_ctw1500_at_exactly_one_half():
    half = [box(0, 0, 100, 20)]
    assert judge("ctw1500", [WORD], half).pairs == []
    assert judge("ctw1500", [WORD], half, rule="any_free").pairs == [(0, 0)]


def test_ctw1500_any_free_text_may_take_several():
    texts = [WORD, WORD + (0, 2)]
    assert judge("ctw1500", texts, [WORD + (0, 1)], rule="any_free").counts["matched"] == 1
    second = judge("ctw1500", texts, [WORD + (0, 1), WORD], rule="any_free")
    assert second.counts["matched"] == 1, "the first detection has used up both"
    assert second.pairs == [(0, 0), (1, 0)]


def test_ctw1500_average_precision():
    metric = DetMetric(protocol="ctw1500")
    metric.update([WORD, WORD, BOW_TIE], [WORD], [False])  # hit, miss, dropped
    metric.update([WORD], [WORD, WORD + 500], [False, False])  # hit
    # precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3: area 1/3 + 2/3 * 1/3
    assert metric.protocol.more_scores(metric.images) == {"average_precision": pytest.approx(5 / 9)}
    assert metric.protocol.more_scores([]) == {"average_precision": 0}


def test_td500_does_not_use_detections_up():
    twice = judge("td500", [WORD], [WORD, WORD])
    assert (twice.recall, twice.precision) == (1, 0.5)
    assert judge("td500", [WORD, WORD + (0, 4)], [WORD]).counts["matched"] == 2


def test_td500_difficult_lines_only_count_when_found():
    assert judge("td500", [WORD, WORD + 500], [], [False, True]).counts["gt_care"] == 1
    found = judge("td500", [WORD, WORD + 500], [WORD + 500], [False, True])
    assert found.counts == {"matched": 1, "gt_care": 2, "det_care": 1}


@pytest.mark.parametrize(("degrees", "matches"), [(0, True), (22, True), (23, False), (178, False)])
def test_td500_angles(degrees, matches):
    line = rotated_corners(np.array([[100, 100, 200, 30, 0.05]]))[0]
    found = rotated_corners(np.array([[100, 100, 200, 30, 0.05 + np.radians(degrees)]]))[0]
    rule = "unrotated_box_iou_and_angle"
    assert judge("td500", [line], [found], rule=rule).pairs == ([(0, 0)] if matches else [])


def test_td500_boxes_have_four_corners():
    with pytest.raises(DataError, match=r"expected boxes of 4 corners, got a polygon of 5; .*rotated_polygon_iou"):
        judge("td500", [WORD], [WORD[[0, 1, 2, 3, 3]]], rule="unrotated_box_iou_and_angle")
    assert judge("td500", [WORD], [WORD[[0, 1, 2, 3, 3]]]).pairs == [(0, 0)]


def test_mindocr_lets_duplicates_pass():
    found = [WORD, WORD + 1, WORD + 500]
    theirs, official = judge("mindocr_compat", [WORD], found), judge("icdar2015", [WORD], found)
    assert theirs.pairs == [(0, 0), (0, 1)]
    assert theirs.counts == {"matched": 1, "gt_care": 1, "det_care": 2}
    assert (theirs.precision, official.precision) == (0.5, pytest.approx(1 / 3))


def test_mindocr_takes_the_first_word_that_fits_and_drops_crossed_polygons():
    words = [box(0, 0, 100, 40), box(0, 10, 100, 40)]
    result = judge("mindocr_compat", words, [box(0, 8, 100, 40), BOW_TIE])
    assert result.pairs == [(0, 0)], "the second word fits better, the first one comes first"
    assert result.counts == {"matched": 1, "gt_care": 2, "det_care": 1}
    assert judge("mindocr_compat", [BOW_TIE], [WORD]).counts == {"matched": 0, "gt_care": 0, "det_care": 1}


@pytest.mark.parametrize("protocol", PROTOCOLS.names())
def test_every_protocol_on_empty_images_and_perfect_results(protocol):
    assert judge(protocol, [], []).pairs == []
    assert judge(protocol, [WORD], []).recall == 0
    assert judge(protocol, [], [WORD]).precision == 0
    assert judge(protocol, [WORD], [WORD], [True]).counts["det_care"] in (0, 1)
    shapes = [box(x, y, 90, 30) for x in (0, 120, 240) for y in (0, 80)]
    perfect = judge(protocol, shapes, shapes)
    assert (perfect.recall, perfect.precision, perfect.f_score) == (1, 1, 1)
    assert perfect.pairs == [(i, i) for i in range(6)]


@pytest.mark.parametrize("protocol", PROTOCOLS.names())
def test_images_and_processes_in_any_order(protocol):
    rng = np.random.default_rng(7)
    images = []
    for _ in range(9):
        truth = [box(*rng.integers(0, 300, 2), 60, 30) for _ in range(6)]
        found = [poly + rng.normal(0, 3, 2) for poly in truth[:4]] + [box(*truth[4][0], 29, 30), box(400, 9, 9, 9)]
        images.append((found, truth, rng.random(6) < 0.2, ["word"] * len(found), ["word"] * len(truth)))
    alone, one_by_one, first, second = (DetMetric(protocol=protocol) for _ in range(4))
    alone.update_many(images)
    for i, image in enumerate(reversed(images)):
        one_by_one.update(*image)
        (first if i % 2 else second).update(*image)
    second.merge(first.counts)
    assert alone.result() == one_by_one.result() == second.result()
    assert 0 < alone.result()["f-score"] < 1


@pytest.mark.parametrize("protocol", PROTOCOLS.names())
def test_scores_of_arrays_are_those_of_numbers(protocol):
    rules = build_protocol(protocol)
    counts = {name: np.array([0.0, 3.0, 7.0]) for name in rules.count_names} | {"gt_care": np.array([0.0, 4.0, 7.0])}
    recall, precision = rules.score(counts)
    singles = [rules.score({name: values[i] for name, values in counts.items()}) for i in range(3)]
    assert list(zip(recall, precision)) == singles
    assert singles[0] == (0, 0)


def test_arguments_of_protocols_are_checked():
    with pytest.raises(ConfigError, match=r"metric.protocol_args.rule: .*'deteval' or 'icdar2013', got 'wolf'"):
        DetMetric(protocol="icdar2013_deteval", protocol_args={"rule": "wolf"})
    with pytest.raises(ConfigError, match=r"metric.protocol_args.geometri: .*did you mean 'geometry'"):
        DetMetric(protocol="icdar2013_deteval", protocol_args={"geometri": "continuous"})
    with pytest.raises(ConfigError, match="icdar2015 has no argument 'rule'; its arguments: none"):
        DetMetric(protocol_args={"rule": "x"})


def test_best_matches():
    overlap = np.array([[0.6, 0.9, 0.0], [0.7, 0.2, 0.0]])
    assert match_to_best(overlap, overlap > 0.5) == [(1, 0), (0, 1)]
    assert match_to_best(overlap[:, [1, 1]], overlap[:, [1, 1]] > 0.5) == [(0, 0)]
    assert match_to_best(np.zeros((0, 3)), np.zeros((0, 3), dtype=bool)) == []
