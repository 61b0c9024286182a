"""RecAug: what is drawn, and each change by itself."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.data.transforms import text_warp
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.data.transforms.rec_aug import LineChange, RecAug, shift_diagonally
from mindocr.errors import ConfigError

NEVER = dict.fromkeys(
    ("tia_prob", "crop_prob", "reverse_prob", "noise_prob", "jitter_prob", "blur_prob", "hsv_aug_prob"), 0.0
)
sizes = st.tuples(st.integers(1, 70), st.integers(1, 300))


@pytest.fixture
def line():
    image = np.full((40, 160, 3), 200, np.uint8)
    cv2.putText(image, "word", (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 60, 90), 2)
    return {"image": image, "text": "word"}


def apply(sample, **change):
    return RecAug().apply(sample, LineChange(**change))["image"]


def test_without_a_change_the_image_stays(line, rng):
    op = RecAug(**NEVER)
    assert op.draw(rng, line) == LineChange() and op.draw(rng, line).warps == ()
    assert apply(line) is line["image"]


@pytest.mark.parametrize("key", NEVER)
def test_each_probability_switches_one_change(line, key):
    op = RecAug(**{**NEVER, key: 1.0}, brightness=0.2, noise_std=10.0)
    drawn = [op.draw(np.random.default_rng(seed), line) for seed in range(20)]
    changed = {
        "tia_prob": lambda each: len(each.warps) == 3,
        "crop_prob": lambda each: 1 <= abs(each.crop) <= 8,
        "reverse_prob": lambda each: each.invert,
        "noise_prob": lambda each: each.noise_seed is not None,
        "jitter_prob": lambda each: each.jitter == 0,  # 1 % of 40 pixels
        "blur_prob": lambda each: each.blur,
        "hsv_aug_prob": lambda each: 0.8 <= each.brightness <= 1.2 and each.brightness != 1,
    }
    assert all(changed[key](each) for each in drawn)
    others = [name for name in NEVER if name not in (key, "jitter_prob")]
    assert not any(changed[name](each) for name in others for each in drawn)


def test_the_share_of_changed_lines(line):
    op, count = RecAug(), 2000
    drawn = [op.draw(np.random.default_rng(seed), line) for seed in range(count)]
    for share in (
        sum(bool(each.warps) for each in drawn), sum(each.crop != 0 for each in drawn),
        sum(each.invert for each in drawn), sum(each.blur for each in drawn),
        sum(each.noise_seed is not None for each in drawn),
    ):  # fmt: skip
        assert share / count == pytest.approx(0.4, abs=0.04)
    assert {each.crop for each in drawn} == {*range(-8, 9)}
    assert sum(each.crop > 0 for each in drawn) / sum(each.crop != 0 for each in drawn) == pytest.approx(0.5, abs=0.06)


def test_one_outcome_does_not_change_the_others(line):
    for seed in range(20):
        all_of_them = RecAug(**dict.fromkeys(NEVER, 1.0)).draw(np.random.default_rng(seed), line)
        crop_only = RecAug(**{**NEVER, "crop_prob": 1.0}).draw(np.random.default_rng(seed), line)
        assert crop_only.crop == all_of_them.crop


def test_each_change(line):
    image = line["image"]
    assert np.array_equal(apply(line, crop=3), image[3:]) and np.array_equal(apply(line, crop=-2), image[:-2])
    assert np.array_equal(apply(line, invert=True), 255 - image)
    np.testing.assert_array_equal(apply(line, brightness=0.5), np.rint(image * 0.5))
    assert apply(line, brightness=2.0).max() == 255
    noisy = RecAug(noise_std=6.0).apply(line, LineChange(noise_seed=5))["image"].astype(int) - image
    assert noisy.std() == pytest.approx(6, rel=0.05) and abs(noisy.mean()) < 0.1
    again = RecAug(noise_std=6.0).apply(line, LineChange(noise_seed=5))["image"].astype(int) - image
    other = RecAug(noise_std=6.0).apply(line, LineChange(noise_seed=6))["image"].astype(int) - image
    assert np.array_equal(noisy, again) and not np.array_equal(noisy, other)
    point = np.zeros((9, 9, 3), np.uint8)
    point[4, 4] = 255
    blurred = apply({"image": point}, blur=True)[..., 0] / 255
    kernel = cv2.getGaussianKernel(5, 1.0)
    np.testing.assert_allclose(blurred[2:7, 2:7], kernel @ kernel.T, atol=0.003)
    assert blurred[:2].max() == 0


def test_a_shift_smears_the_upper_left_border():
    image = np.arange(25, dtype=np.uint8).reshape(5, 5)
    expected = [[0, 1, 2, 3, 4], [5, 0, 1, 2, 3], [10, 5, 0, 1, 2], [15, 10, 5, 6, 7], [20, 15, 10, 11, 12]]
    assert shift_diagonally(image, 2)[:, :].tolist() == [
        [0, 1, 2, 3, 4], [5, 0, 1, 2, 3], [10, 5, 0, 1, 2], [15, 10, 5, 6, 7], [20, 15, 10, 11, 12]
    ] == expected  # fmt: skip
    assert shift_diagonally(image, 0).tolist() == image.tolist()


@given(sizes, st.integers(0, 2**32 - 1))
def test_any_size_gives_an_image_and_leaves_the_input_alone(size, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    before = image.copy()
    op = RecAug(**dict.fromkeys(NEVER, 1.0))
    params = op.draw(rng, {"image": image})
    out = op.apply({"image": image}, params)["image"]
    assert out.dtype == np.uint8 and out.shape == (size[0] - abs(params.crop), size[1], 3) and out.size
    assert (params.crop != 0) == (min(size) >= 20) and len(params.warps) == (3 if min(size) >= 20 else 1)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(op.apply({"image": image}, params)["image"], out)


@given(st.integers(20, 70), st.integers(20, 900), st.integers(3, 6), st.integers(0, 2**32 - 1))
def test_control_points_stay_in_their_ranges(h, w, segments, seed):
    cut = w / segments
    controls, targets = text_warp.distort(np.random.default_rng(seed), h, w, segments)
    assert len(controls) == 4 + 2 * (segments - 1) and set(controls[:, 1]) == {0, h}
    moves = targets - controls
    up = min(cut / 3, h / 3)
    assert (np.abs(moves[4:]) <= [cut / 6 + 1e-9, up / 2 + 1e-9]).all()
    inwards = moves[:4] * [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    assert (inwards >= 0).all() and (inwards <= [cut / 3, up]).all()
    controls, targets = text_warp.stretch(np.random.default_rng(seed), h, w, segments)
    moves = targets - controls
    assert not moves[:4].any() and not moves[:, 1].any() and (np.abs(moves[4:, 0]) <= 0.4 * cut + 1e-9).all()
    assert (moves[4::2, 0] == moves[5::2, 0]).all()  # upper and lower end of a cut move together
    assert (np.diff(targets[4::2, 0]) > 0).all()  # cuts keep their order
    controls, targets = text_warp.perspective(np.random.default_rng(seed), h, w)
    moves = targets - controls
    assert len(controls) == 4 and not moves[:, 0].any() and (np.abs(moves[:, 1]) <= h / 2).all()
    assert (targets[:2, 1] <= h / 2 + 1e-9).all() and (targets[2:, 1] >= h / 2 - 1e-9).all()


def test_the_corners_of_a_line_arrive_at_their_targets(line):
    h, w = 60, 200
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], float)
    targets = corners + [[0, 20], [0, 5], [0, -5], [0, -15]]
    image = np.zeros((h, w, 3), np.uint8)
    image[:, :, 1] = 255
    image[:4, :4] = image[:4, -4:] = image[-4:, -4:] = image[-4:, :4] = (255, 0, 0)
    warped = apply({"image": image}, warps=((corners, targets),))
    for x, y in targets:
        r, c = int(np.clip(y, 1, h - 2)), int(np.clip(x, 1, w - 2))
        assert warped[r, c, 0] > 128, (x, y)


def test_in_a_pipeline(line):
    pipeline = Pipeline(["RecAug", {"ResizeTextLine": {"height": 32}}], ["image"], ["image", "text"])
    images = [pipeline(line, np.random.default_rng(seed))["image"] for seed in range(6)]
    assert {image.shape[0] for image in images} == {32}
    assert not np.array_equal(images[0], images[1])
    np.testing.assert_array_equal(images[3], pipeline(line, np.random.default_rng(3))["image"])


def test_wrong_arguments():
    with pytest.raises(ConfigError, match="RecAug: noise_prob: p must be a probability in .0, 1., got 2"):
        RecAug(noise_prob=2)
    with pytest.raises(ConfigError, match="brightness must be in .0, 1. and noise_std 0 or more, got 1.5 and 0.158"):
        RecAug(brightness=1.5)
