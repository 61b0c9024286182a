"""DBNet's box formation on synthetic maps, against a straightforward reference."""

from __future__ import annotations

import logging
import runpy
from typing import NamedTuple

import cv2
import numpy as np
import pyclipper
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mindocr.errors import ConfigError, DataError
from mindocr.geometry import area as polygon_area
from mindocr.geometry import expand, is_valid, min_area_quad, perimeter, polygon_iou, signed_area
from mindocr.postprocess.db import DBPostprocess
from mindocr.postprocess.regions import FEW
from mindocr.registry import POSTPROCESSES

SIZE = (240, 320)
IDENTITY = np.array([[*SIZE, 1, 1]], dtype=np.float32)


@pytest.fixture(scope="module")
def benchmark_maps(repo_root):
    """``make_map(kind, count, seed)`` of benchmarks/postprocess.py."""
    return runpy.run_path(str(repo_root / "benchmarks/postprocess.py"))["make_map"]


def draw(*quads: np.ndarray, value: float = 0.9) -> np.ndarray:
    prob = np.zeros(SIZE, dtype=np.float32)
    for quad in quads:
        cv2.fillPoly(prob, [np.rint(quad).astype(np.int32)], value)
    return prob


def box(x: float, y: float, w: float, h: float, degrees: float = 0) -> np.ndarray:
    return cv2.boxPoints(((x, y), (w, h), degrees))


def rectangle(left: int, top: int, w: int, h: int) -> np.ndarray:
    return np.array([[left, top], [left + w, top], [left + w, top + h], [left, top + h]], dtype=np.float32)


def curved_text() -> np.ndarray:
    """A third of a ring: curved text."""
    angles = np.linspace(-2.6, -0.5, 20)
    arc = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([arc * 110, arc[::-1] * 85]) + (160, 160)


def blobs(seed: int, smooth: float) -> np.ndarray:
    """Regions of every shape, with holes, bridges and specks."""
    noise = np.random.default_rng(seed).random((100, 140), dtype=np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), smooth)
    return (soft - soft.min()) / (soft.max() - soft.min())


def detect(prob: np.ndarray, **options):
    return DBPostprocess(**options)(prob[None], np.array([[*prob.shape, 1, 1]]))[0]


def offset(outline: np.ndarray, distance: float) -> list[np.ndarray]:
    """The polygon expanded by the clipper; arcs deviate by at most 0.01 pixel."""
    clipper = pyclipper.PyclipperOffset(2.0, 10)
    clipper.AddPath(np.rint(outline * 1000).astype(int).tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    return [np.array(part, dtype=np.float32) / 1000 for part in clipper.Execute(distance * 1000)]


class Expected(NamedTuple):
    """Result of the reference for a contour; close to a limit, keeping and rejecting it are both right."""

    outline: np.ndarray
    stays: bool
    certain: bool


def reference(prob: np.ndarray, box_type: str, binary_thresh: float = 0.3, box_thresh: float = 0.7) -> list[Expected]:
    """The DBNet authors' steps one contour at a time: fit, score, clipper, fit again; in fractions of pixels."""
    contours, _ = cv2.findContours((prob > binary_thresh).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        if box_type == "quad":
            outline, (short, _) = min_area_quad(contour)
            if short < 3:
                continue
        else:
            outline = cv2.approxPolyDP(contour, 0.005 * cv2.arcLength(contour, True), True)[:, 0].astype(np.float32)
            if len(outline) < 4:
                continue
        mask = np.zeros(prob.shape, dtype=np.uint8)
        cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 1)
        if prob[mask > 0].mean() < box_thresh:
            continue
        distance = polygon_area(outline) * 1.5 / perimeter(outline)
        grown = grow_by(outline, distance, 1)
        if not grown:
            continue
        counts = {len(grow_by(outline, share * distance, least)) for share in (0.97, 1, 1.03) for least in (0.5, 1, 2)}
        quad, (short, _) = min_area_quad(grown[0])
        result = np.clip(quad if box_type == "quad" else grown[0], 0, (prob.shape[1], prob.shape[0]))
        stays = len(grown) == 1 and short >= 5 and polygon_area(result) >= 1
        # bays that are about to close, outlines that touch themselves, rectangles of one area but different sides
        near = len(counts) > 1 or not is_valid(outline)
        near |= abs(short - 5) < (0.1 if box_type == "quad" else 1.5)
        found.append(Expected(result, stays, not near))
    return found


def grow_by(outline: np.ndarray, distance: float, least: float) -> list[np.ndarray]:
    """Parts of an area of at least ``least``, largest first."""
    parts = [part for part in offset(outline, distance) if polygon_area(part) >= least]
    return sorted(parts, key=polygon_area, reverse=True)


def test_a_rectangle_grows_by_the_paper_s_distance():
    detection = detect(draw(rectangle(100, 100, 100, 20)))
    (quad,) = detection.polys
    assert np.allclose(quad, [[87.5, 87.5], [212.5, 87.5], [212.5, 132.5], [87.5, 132.5]], atol=1e-3)
    assert detection.scores == [pytest.approx(0.9)]
    assert detection.rejections == {}


def test_boxes_come_back_in_source_pixels():
    shapes = np.array([[480, 320, 0.5, 1.0]], dtype=np.float32)
    (quad,) = DBPostprocess()(draw(rectangle(100, 100, 100, 20))[None], shapes)[0].polys
    assert np.allclose(quad, [[87.5, 175], [212.5, 175], [212.5, 265], [87.5, 265]], atol=1e-3)
    (kept,) = DBPostprocess(rescale_fields=[])(draw(rectangle(100, 100, 100, 20))[None], shapes)[0].polys
    assert np.allclose(kept[0], [87.5, 87.5], atol=1e-3)


@pytest.mark.parametrize("degrees", [0, 15, -30, 44, 90, -75])
def test_slanted_and_vertical_text_is_ordered_clockwise_from_the_top_left(degrees):
    (quad,) = detect(draw(box(160, 120, 90, 24, degrees))).polys
    assert signed_area(quad) > 0
    left, right = quad[[0, 3]].mean(axis=0), quad[[1, 2]].mean(axis=0)
    assert right[0] - left[0] > abs(right[1] - left[1])
    distance = 0.75 * 90 * 24 / (90 + 24)
    assert polygon_iou(quad, box(160, 120, 90 + 2 * distance, 24 + 2 * distance, degrees)) > 0.93


def test_curved_text_keeps_its_shape_as_a_polygon():
    prob = draw(curved_text())
    (poly,) = detect(prob, box_type="poly").polys
    (quad,) = detect(prob, box_type="quad", box_thresh=0.3).polys
    (grown,) = expand(curved_text(), polygon_area(curved_text()) * 1.5 / perimeter(curved_text()))
    assert polygon_iou(poly, grown) > 0.95
    assert polygon_iou(quad, grown) < 0.75
    assert signed_area(poly) > 0
    assert poly.sum(axis=1).argmin() == 0


@pytest.mark.parametrize("box_type", ["quad", "poly"])
@pytest.mark.parametrize("prob", [np.zeros(SIZE), np.full(SIZE, 0.3), np.full(SIZE, np.nan), np.zeros((1, 1))])
def test_a_map_without_text_gives_an_empty_detection(box_type, prob):
    detection = detect(prob.astype(np.float32), box_type=box_type)
    assert detection.polys == [] and detection.scores == [] and len(detection) == 0


def test_an_empty_batch():
    assert DBPostprocess()(np.zeros((0, 1, 32, 32), dtype=np.float32), np.zeros((0, 4))) == []


def test_an_empty_result_says_why(caplog):
    post = DBPostprocess(box_thresh=0.8)
    prob = draw(rectangle(20, 20, 60, 20), value=0.5)
    with caplog.at_level(logging.DEBUG, logger="mindocr.postprocess.db"):
        (detection,) = post(prob[None], IDENTITY)
    assert detection.rejections == {"low score": 1} == post.last_rejections
    assert detection.highest == 0.5
    assert "highest probability 0.5, rejected: {'low score': 1}" in caplog.text


@pytest.mark.parametrize(
    ("options", "prob", "reason"),
    [
        ({}, draw(rectangle(20, 20, 60, 2)), "too small"),
        ({"min_size": 10}, draw(box(100, 100, 60, 8, 45)), "too small"),
        ({"expand_ratio": 0.1}, draw(rectangle(20, 20, 60, 3)), "too small after expansion"),
        ({"box_type": "poly", "expand_ratio": 0.1}, draw(rectangle(20, 20, 60, 3)), "too small after expansion"),
        ({"box_type": "poly"}, draw(rectangle(20, 20, 0, 0)), "fewer than 4 points"),
        ({"box_type": "poly", "box_thresh": 0.95}, draw(rectangle(20, 20, 60, 20)), "low score"),
        ({"min_size": 0, "box_type": "poly"}, draw(rectangle(20, 20, 0, 30)), "fewer than 4 points"),
    ],
)
def test_each_reason_for_giving_a_region_up_is_counted(options, prob, reason):
    detection = detect(prob, **options)
    assert detection.polys == []
    assert detection.rejections == {reason: 1}


def test_a_bay_that_growing_closes_is_given_up_as_several_parts():
    prob = draw(rectangle(60, 60, 120, 120))
    prob[80:160, 80:160] = 0
    prob[160:181, 118:122] = 0
    detection = detect(prob, box_type="poly")
    assert detection.rejections == {"several parts after expansion": 1}


def test_text_that_touches_the_border_is_found_and_cut_at_it():
    quads = [rectangle(0, 0, 60, 20), rectangle(280, 219, 39, 20), rectangle(0, 100, 20, 60)]
    for box_type in ("quad", "poly"):
        detection = detect(draw(*quads), box_type=box_type)
        assert len(detection) == 3
        for poly in detection.polys:
            assert poly.min() >= 0 and (poly <= (320, 240)).all()


def test_regions_in_the_padding_are_outside_the_source_image():
    shapes = np.array([[60, 80, 1, 1]], dtype=np.float32)
    post = DBPostprocess()
    (detection,) = post(draw(rectangle(20, 20, 40, 15), rectangle(200, 150, 60, 20))[None], shapes)
    assert len(detection) == 1
    assert post.last_rejections == {"outside the image": 1}


def test_max_candidates_keeps_the_best_scores_in_their_order():
    prob = np.zeros(SIZE, dtype=np.float32)
    for i, value in enumerate([0.8, 0.95, 0.75, 0.9]):
        prob[20 + 50 * i : 40 + 50 * i, 50:120] = value
    for box_type in ("quad", "poly"):
        everything = detect(prob, box_type=box_type)
        best = detect(prob, box_type=box_type, max_candidates=2)
        assert sorted(best.scores) == [pytest.approx(0.9), pytest.approx(0.95)]
        assert best.scores == [score for score in everything.scores if score > 0.85]
        assert best.rejections == {"beyond max_candidates": 2}


def test_slow_score_counts_only_the_contour():
    triangle = np.array([[60, 60], [180, 60], [60, 120]])
    prob = draw(triangle)
    assert detect(prob, box_thresh=0.3).scores[0] < 0.5
    assert detect(prob, score_mode="slow").scores[0] == pytest.approx(0.9)


def test_dilation_joins_parts_one_pixel_apart_and_widens_to_the_right_and_below():
    prob = draw(rectangle(40, 40, 60, 20), rectangle(102, 40, 60, 20))  # pixels 40 to 100, 102 to 162
    left, right = sorted(detect(prob, expand_ratio=0.0).polys, key=lambda poly: poly[0][0])
    np.testing.assert_allclose(left, rectangle(40, 40, 60, 20), atol=1e-3)
    (joined,) = detect(prob, expand_ratio=0.0, dilation=True, box_thresh=0.5).polys
    np.testing.assert_allclose(joined, rectangle(40, 40, 123, 21), atol=1e-3)
    assert detect(prob, dilation=False).polys[0].tolist() == detect(prob).polys[0].tolist()


def test_thresholds_are_exclusive_for_pixels_and_inclusive_for_boxes():
    prob = draw(rectangle(100, 100, 100, 20), value=0.5)
    assert len(detect(prob, binary_thresh=0.5, box_thresh=0.1)) == 0
    assert len(detect(prob, binary_thresh=0.4, box_thresh=0.5)) == 1


def test_mindocrs_names_of_maps_are_outputs_of_the_head():
    given = {"binary": "prob", "thresh": "thresh", "thresh_binary": "binary"}
    for name, output in given.items():
        spec = {"name": "DBPostprocess", "pred_name": name}
        assert DBPostprocess(pred_name=name).reads == POSTPROCESSES.declared(spec, "reads") == (output,)
    assert POSTPROCESSES.declared({"name": "DBPostprocess"}, "columns") == ("shape_list",)


def test_batches():
    prob = draw(rectangle(100, 100, 100, 20))
    other = draw(rectangle(20, 20, 50, 15))
    maps = np.stack([prob, other])
    shapes = np.repeat(IDENTITY, 2, axis=0)
    for batch in (maps, maps[:, None]):
        for found, alone in zip(DBPostprocess()(batch, shapes), (detect(prob), detect(other))):
            assert len(found) == 1
            assert all(np.array_equal(a, b) for a, b in zip(found.polys, alone.polys, strict=True))
    with pytest.raises(
        DataError, match=r"maps \(H, W\) or \(1, H, W\), got shape \(3, 240, 320\); the model is not a "
    ):
        DBPostprocess()(np.zeros((2, 3, 240, 320)), shapes)
    with pytest.raises(ValueError, match=r"expected maps .* got shape \(240, 320\)"):
        DBPostprocess()(prob, IDENTITY)
    with pytest.raises(ValueError, match=r"expected \(2, 4\)"):
        DBPostprocess()(maps, IDENTITY)


def test_images_of_a_batch_give_the_same_in_threads_and_may_differ_in_size():
    maps = [blobs(seed, smooth)[None] for seed, smooth in ((1, 2), (2, 3), (3, 1))] + [draw(rectangle(20, 20, 60, 20))]
    shapes = np.array([(*each.shape[-2:], 1, 1) for each in maps])
    for box_type in ("quad", "poly"):
        options = {"box_type": box_type, "binary_thresh": 0.5, "box_thresh": 0.5}
        threaded, single = DBPostprocess(**options, threads=3), DBPostprocess(**options, threads=1)
        for found, alone, prob in zip(threaded(maps, shapes), single(maps, shapes), maps):
            expected = detect(np.squeeze(prob), **options)
            assert len(found) == len(alone) == len(expected) > 0
            for polys in (found.polys, alone.polys):
                assert all(np.array_equal(a, b) for a, b in zip(polys, expected.polys))
        assert threaded.last_rejections == single.last_rejections != {}


def test_growth_by_height_follows_the_line_between_the_pairs():
    words = [rectangle(60, 20, 200, 8), rectangle(60, 80, 200, 20), rectangle(60, 150, 200, 60)]
    pairs = [[10, 2.0], [30, 1.0]]
    for box_type in ("quad", "poly"):
        found = detect(draw(*words), box_type=box_type, expand_by_height=pairs, box_thresh=0.5).polys
        gained = sorted((np.ptp(poly[:, 0]) - 200) / 2 for poly in found)
        heights = [2 * (200 * h) / (2 * (200 + h)) for h in (8, 20, 60)]
        expected = sorted(h * np.interp(h, (10, 30), (2, 1)) / 2 for h in heights)
        assert gained == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("pairs", [[], [[8]], [[8, 1.5], [8, 1.2]], [[16, 1.5], [8, 1.2]], [[8, -1.0]]])
def test_growth_by_height_must_be_a_function(pairs):
    with pytest.raises(ConfigError, match=r"expand_by_height: expected pairs \[height, ratio\] of ascending heights"):
        DBPostprocess(expand_by_height=pairs)


def test_settings_out_of_range_are_named_together():
    with pytest.raises(ConfigError, match="box_thresh: expected 0 to 1, got 6; max_candidates: expected 1 to inf"):
        DBPostprocess(box_thresh=6, max_candidates=0)


def test_the_registry_checks_the_recipes_settings():
    recipe = {"box_type": "quad", "binary_thresh": 0.3, "box_thresh": 0.6, "max_candidates": 1000, "expand_ratio": 1.5}
    assert POSTPROCESSES.check("DBPostprocess", recipe) == []
    assert POSTPROCESSES.check("DBPostprocess", {"expand_by_height": [[8, 1.8], [32, 1.5]]}) == []
    ((key, problem),) = POSTPROCESSES.check("DBPostprocess", {"box_type": "circle"})
    assert key == "box_type" and "circle" in problem


def assert_same_boxes(prob: np.ndarray, box_type: str, binary_thresh: float, box_thresh: float) -> int:
    """Compare with the reference box by box; returns how many of them stay."""
    thresholds = {"binary_thresh": binary_thresh, "box_thresh": box_thresh}
    ours = detect(prob, box_type=box_type, max_candidates=10**6, **thresholds).polys
    expected = reference(prob, box_type, **thresholds)
    for outline, stays, certain in expected:
        overlap = polygon_iou(ours[0], outline) if ours else 0.0
        if certain:
            assert (overlap > 0.98) == stays
        if overlap > (0.98 if certain else 0.5):
            ours.pop(0)
    assert not ours
    return sum(each.stays for each in expected)


@pytest.mark.parametrize("box_type", ["quad", "poly"])
def test_slanted_words_agree_with_the_reference(box_type):
    rng = np.random.default_rng(5)
    words = [
        box(30 + 64 * (i % 5), 30 + 60 * (i // 5), rng.uniform(15, 40), rng.uniform(6, 16), rng.uniform(-60, 60))
        for i in range(20)
    ]
    assert assert_same_boxes(cv2.GaussianBlur(draw(*words), (0, 0), 1), box_type, 0.3, 0.6) == 20


@pytest.mark.parametrize("box_type", ["quad", "poly"])
@pytest.mark.parametrize("kind", ["rectangle", "slanted", "curved", "jagged"])
def test_words_as_a_network_draws_them_agree_with_the_reference(benchmark_maps, kind, box_type):
    assert assert_same_boxes(benchmark_maps(kind, 100, seed=1), box_type, 0.3, 0.5) > 90


@pytest.mark.parametrize("box_type", ["quad", "poly"])
def test_holes_are_regions_as_in_the_reference(box_type):
    """The contour of a hole is on text, so its score may be high enough."""
    prob = draw(box(80, 80, 120, 60, 0))
    prob[70:82, 60:90] = 0.1
    prob[96, 100:140] = 0.1  # a hole of a single row, whose border is too small
    assert assert_same_boxes(prob, box_type, binary_thresh=0.3, box_thresh=0.1) == 2


@pytest.mark.parametrize("words", [FEW, FEW + 1])
def test_few_outlines_grow_as_many_do(words):
    places = [(30 + 60 * (i % 5), 20 + 35 * (i // 5)) for i in range(words)]
    prob = cv2.GaussianBlur(draw(*(box(*place, 40, 12, 5 * i % 25) for i, place in enumerate(places))), (0, 0), 1)
    assert assert_same_boxes(prob, "poly", 0.3, 0.5) == words


@pytest.mark.parametrize("box_type", ["quad", "poly"])
def test_a_map_full_of_blobs_agrees_with_the_reference(box_type):
    assert assert_same_boxes(blobs(7, smooth=2), box_type, binary_thresh=0.5, box_thresh=0.4) > 20


@given(
    st.integers(0, 2**31), st.floats(1, 8), st.sampled_from(["quad", "poly"]), st.floats(0.2, 0.8), st.floats(0, 0.7)
)
@example(2**31 - 1, 1.0, "poly", 0.5, 0.0)  # an outline that crosses itself once it is simplified
@settings(max_examples=25)
def test_random_maps_never_raise_and_agree_with_the_reference(seed, smooth, box_type, binary_thresh, box_thresh):
    assert_same_boxes(blobs(seed, smooth), box_type, binary_thresh, box_thresh)


@given(st.integers(0, 2**31), st.sampled_from(["quad", "poly"]), st.sampled_from(["fast", "slow"]))
@settings(max_examples=10)
def test_white_noise_never_raises(seed, box_type, score_mode):
    noise = np.random.default_rng(seed).random((96, 128), dtype=np.float32)
    post = DBPostprocess(box_type=box_type, score_mode=score_mode, box_thresh=0.0, min_size=0, approx_eps=0)
    (detection,) = post(noise[None], np.array([[96, 128, 1, 1]]))
    assert all(np.isfinite(poly).all() and polygon_area(poly) >= 1 for poly in detection.polys)
