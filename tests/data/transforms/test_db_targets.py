import math

import cv2
import numpy as np
import pyclipper
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mindocr.data.transforms.db_targets import BorderMap, ShrinkBinaryMap
from mindocr.errors import ConfigError
from mindocr.geometry.offset import shrink


def rectangle(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float32)


def sample_with(polys, tags=None, h=80, w=160):
    tags = [False] * len(polys) if tags is None else tags
    return {"image": np.zeros((h, w, 3), dtype=np.uint8), "polys": polys, "ignore_tags": np.array(tags, dtype=bool)}


def test_rectangle_shrinks_by_seven():
    # 100 x 20: D = 2000 (1 - 0.16) / 240 = 7
    made = ShrinkBinaryMap()(sample_with([rectangle(20, 30, 120, 50)]))
    expected = np.zeros((80, 160), dtype=np.float32)
    expected[37:44, 27:114] = 1
    np.testing.assert_array_equal(made["binary_map"], expected)
    assert made["mask"].min() == 1 and made["mask"].dtype == np.uint8
    np.testing.assert_array_equal(made["ignore_tags"], [False])


def test_ignored_small_and_vanishing_texts_are_masked_out():
    small, ignored = rectangle(10, 10, 60, 17), rectangle(10, 40, 60, 60)
    line = np.array([[90, 20], [120, 50], [90, 20], [120, 50]], dtype=np.float32)  # no area
    given_sample = sample_with([small, ignored, line], [False, True, False])
    made = ShrinkBinaryMap(min_text_size=8)(given_sample)
    assert not made["binary_map"].any()
    assert not made["mask"][10:18, 10:61].any() and not made["mask"][40:61, 10:61].any()
    assert made["mask"][35, 105] == 0 and made["mask"][19, 30] == 1
    np.testing.assert_array_equal(made["ignore_tags"], [True, True, True])
    np.testing.assert_array_equal(given_sample["ignore_tags"], [False, True, False])
    kept = ShrinkBinaryMap(min_text_size=7)(sample_with([small]))
    assert kept["binary_map"].any() and kept["mask"].min() == 1


def test_all_pieces_of_a_text_cut_through_are_drawn():
    dumbbell = np.array(
        [
            [0, 0],
            [40, 0],
            [40, 18],
            [100, 18],
            [100, 0],
            [140, 0],
            [140, 40],
            [100, 40],
            [100, 22],
            [40, 22],
            [40, 40],
            [0, 40],
        ],
        dtype=np.float32,
    )
    made = ShrinkBinaryMap()(sample_with([dumbbell + 5]))
    assert made["binary_map"][25, 25] == 1 and made["binary_map"][25, 125] == 1 and made["binary_map"][25, 75] == 0


def test_small_text_supervises_no_threshold_after_shrinking():
    sample = ShrinkBinaryMap()(sample_with([rectangle(10, 10, 60, 17)]))
    made = BorderMap()(sample)
    assert not made["thresh_mask"].any()
    np.testing.assert_allclose(made["thresh_map"], 0.3)


def test_border_values_by_hand():
    made = BorderMap()(sample_with([rectangle(20, 30, 120, 50)]))
    thresh, mask = made["thresh_map"], made["thresh_mask"]
    row, column = 40, 70
    np.testing.assert_allclose(thresh[30, 20:121], 0.7, atol=1e-6)  # on the upper side
    np.testing.assert_allclose(thresh[23:38, column], 0.3 + 0.4 * (1 - np.abs(np.arange(23, 38) - 30) / 7), atol=1e-6)
    np.testing.assert_allclose(thresh[row, column], 0.3, atol=1e-6)  # ten pixels from the border
    np.testing.assert_allclose(thresh[27, 16], 0.3 + 0.4 * (1 - 5 / 7), atol=1e-6)  # round the corner, 3 and 4 away
    assert mask[row, column] == 1 and mask[23, column] == 1 and mask[22, column] == 0
    assert mask[24, 14] == 0 and mask[26, 15] == 1  # the corner is round: 8.5 and 6.4 pixels away
    assert not mask[:23].any() and not mask[58:].any() and not mask[:, :13].any() and not mask[:, 128:].any()
    assert thresh[mask == 0].max() <= 0.3 + 1e-6


def test_nearest_border_wins_where_texts_meet():
    first, second = rectangle(20, 20, 60, 60), rectangle(64, 20, 104, 60)
    both = BorderMap()(sample_with([first, second]))
    single = [BorderMap()(sample_with([poly])) for poly in (first, second)]
    np.testing.assert_array_equal(both["thresh_map"], np.maximum(*(one["thresh_map"] for one in single)))
    np.testing.assert_array_equal(both["thresh_mask"], np.maximum(*(one["thresh_mask"] for one in single)))


def reference_maps(polys, h, w, ratio=0.4):
    """The definition, for the complete image, one polygon and one side at a time, in float64."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    binary, thresh, mask, rim = np.zeros((h, w)), np.full((h, w), 0.3), np.zeros((h, w)), np.zeros((h, w), dtype=bool)
    for poly in polys:
        points = poly.astype(np.float64)
        following = np.roll(points, -1, axis=0)
        area = abs((points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]).sum()) / 2
        reach = area * (1 - ratio**2) / np.hypot(*(following - points).T).sum()
        nearest = np.full((h, w), np.inf)
        for (ax, ay), (bx, by) in zip(points, following):
            length = (bx - ax) ** 2 + (by - ay) ** 2
            along = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0, 1)
            nearest = np.minimum(nearest, np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)))
        thresh = np.maximum(thresh, 0.3 + 0.4 * (1 - np.clip(nearest / reach, 0, 1)))
        inside = np.zeros((h, w), dtype=np.uint8)
        cv2.fillPoly(inside, [np.rint(poly).astype(np.int32)], 1)
        mask[(inside == 1) | (nearest <= reach)] = 1
        rim |= abs(nearest - reach) < 2e-3  # there, rounding may decide
        for piece in shrink(poly, ratio):
            cv2.fillPoly(binary, [np.rint(piece).astype(np.int32)], 1)
    return binary, thresh, mask, rim


def check_against_reference(polys, h, w):
    sample = BorderMap()(ShrinkBinaryMap(min_text_size=0)(sample_with(polys, h=h, w=w)))
    kept = [poly for poly, ignored in zip(polys, sample["ignore_tags"]) if not ignored]
    binary, thresh, mask, rim = reference_maps(kept, h, w)
    np.testing.assert_array_equal(sample["binary_map"], binary)
    np.testing.assert_allclose(sample["thresh_map"], thresh, atol=1e-5)
    np.testing.assert_array_equal(sample["thresh_mask"][~rim], mask[~rim])


angles = st.lists(st.floats(0.02, 0.98), min_size=3, max_size=9)


@settings(max_examples=30)
@example([0.02, 0.02, 0.640625], 0.0, 0.0, 23.0, 95)  # a thin polygon, with a border of a tenth of a pixel
@given(angles, st.floats(-20, 180), st.floats(-20, 100), st.floats(12, 80), st.integers(0, 99))
def test_random_polygons_equal_the_reference(spokes, cx, cy, radius, seed):
    turn = np.cumsum(spokes) / (sum(spokes) + 0.2) * 2 * math.pi
    lengths = radius * np.random.default_rng(seed).uniform(0.5, 1, len(turn))
    star = np.stack([cx + lengths * np.cos(turn), cy + lengths * np.sin(turn)], axis=1).astype(np.float32)
    check_against_reference([star], 80, 160)


def test_curved_text_equals_the_reference():
    turn = np.linspace(math.pi, 2 * math.pi, 7)
    arc = [np.stack([80 + r * np.cos(t), 75 + r * np.sin(t)], axis=1) for r, t in ((60, turn), (35, turn[::-1]))]
    check_against_reference([np.concatenate(arc).astype(np.float32)], 80, 160)


def test_real_polygons_equal_the_reference(shared_dir):
    files = sorted((shared_dir / "data" / "icdar2015" / "test" / "gts").glob("*.txt"))[::8]
    checked = 0
    for file in files:
        lines = [line for line in file.read_text("utf-8-sig").splitlines() if line]
        polys = [np.array(line.split(",")[:8], dtype=np.float32).reshape(4, 2) for line in lines]
        near = [poly for poly in polys if np.abs(poly - polys[0][0]).max() < 120]  # their borders meet
        if near:
            corner = np.concatenate(near).min(axis=0) - (15, 10)
            check_against_reference([poly - corner for poly in near], 260, 260)
            checked += len(near)
    assert checked > 25


def test_mask_agrees_with_a_clipper_up_to_the_rim():
    poly = np.array([[30, 20], [130, 32], [126, 58], [28, 44]], dtype=np.float32)
    mask = BorderMap()(sample_with([poly]))["thresh_mask"]
    area = cv2.contourArea(poly)
    clipper = pyclipper.PyclipperOffset()
    clipper.AddPath(poly.astype(int).tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    outline = clipper.Execute(area * (1 - 0.4**2) / cv2.arcLength(poly, True))[0]
    theirs = cv2.fillPoly(np.zeros_like(mask), [np.array(outline, dtype=np.int32)], 1)
    differing = (mask != theirs).astype(np.uint8)
    rim = cv2.dilate(theirs, np.ones((3, 3))) - cv2.erode(theirs, np.ones((3, 3)))
    assert not (differing * (1 - rim)).any()
    assert differing.sum() < 0.5 * len(outline) + 0.2 * cv2.arcLength(np.array(outline), True)


def test_no_text():
    made = BorderMap()(ShrinkBinaryMap()(sample_with([])))
    assert made["mask"].min() == 1 and not made["binary_map"].any() and not made["thresh_mask"].any()
    np.testing.assert_allclose(made["thresh_map"], 0.3)


def test_wrong_arguments():
    with pytest.raises(ConfigError, match=r"ShrinkBinaryMap: shrink_ratio must be in \(0, 1\], got 0"):
        ShrinkBinaryMap(shrink_ratio=0)
    with pytest.raises(ConfigError, match=r"BorderMap: expected 0 <= thresh_min < thresh_max <= 1, got 0.7 and 0.3"):
        BorderMap(thresh_min=0.7, thresh_max=0.3)


@pytest.mark.parametrize(("progress", "ratio"), [(0.0, 0.4), (0.25, 0.45), (1.0, 0.6)])
def test_the_shrink_ratio_grows_with_the_training(progress, ratio):
    """0.4 + 0.2 * epoch / epochs, as in PP-OCRv4; a sample that is not from training has the first ratio."""
    polys = [rectangle(20, 30, 120, 60)]
    for op, key in ((ShrinkBinaryMap, "binary_map"), (BorderMap, "thresh_map"), (BorderMap, "thresh_mask")):
        made = op(final_shrink_ratio=0.6)({**sample_with(polys), "progress": progress})
        np.testing.assert_array_equal(made[key], op(shrink_ratio=ratio)(sample_with(polys))[key])
        assert "progress" in op(final_shrink_ratio=0.6).reads and "progress" not in op().reads
        outside = op(final_shrink_ratio=0.6)(sample_with(polys))
        np.testing.assert_array_equal(outside[key], op()(sample_with(polys))[key])


def test_a_final_shrink_ratio_out_of_range():
    for op in (ShrinkBinaryMap, BorderMap):
        with pytest.raises(ConfigError, match=r"final_shrink_ratio must be in \(0, 1\], got 1.5"):
            op(final_shrink_ratio=1.5)
