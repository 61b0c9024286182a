import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.data.transforms.geometric import RandomHorizontalFlip, RandomRotate, RandomScale
from mindocr.data.transforms.warp import Step, warp
from mindocr.errors import ConfigError
from mindocr.geometry.polygon import transform

POLY = np.array([[10, 20], [50, 20], [50, 40], [10, 40]], dtype=np.float32)


def test_flip_is_exact(smooth_image):
    sample = {"image": smooth_image, "polys": [POLY]}
    flipped = RandomHorizontalFlip().apply(sample, True)
    np.testing.assert_array_equal(flipped["image"], smooth_image[:, ::-1])
    np.testing.assert_array_equal(flipped["polys"][0], [[470, 20], [430, 20], [430, 40], [470, 40]])
    twice = RandomHorizontalFlip().apply(flipped, True)
    np.testing.assert_array_equal(twice["polys"][0], POLY)
    assert RandomHorizontalFlip().apply(sample, False)["image"] is smooth_image


def test_quarter_turn_is_exact(smooth_image):
    sample = {"image": smooth_image, "polys": [POLY]}
    turned = RandomRotate(expand_canvas=True).apply(sample, 90.0)
    assert turned["image"].shape == (480, 360, 3)
    difference = np.abs(turned["image"].astype(int) - np.rot90(smooth_image))
    assert difference.max() <= 1
    np.testing.assert_allclose(turned["polys"][0], [[20, 470], [20, 430], [40, 430], [40, 470]], atol=1e-4)


def test_small_turn_by_hand():
    image = np.zeros((100, 200, 3), dtype=np.uint8)
    matrix, size = RandomRotate(expand_canvas=False).matrix(10.0, {"image": image})
    assert size == (100, 200)
    np.testing.assert_allclose(matrix[:2] @ [100, 50, 1], [100, 50])  # the centre stays
    cos, sin = math.cos(math.radians(10)), math.sin(math.radians(10))
    np.testing.assert_allclose(matrix[:2] @ [110, 50, 1], [100 + 10 * cos, 50 - 10 * sin])  # counter-clockwise
    _, expanded = RandomRotate().matrix(10.0, {"image": image})
    assert expanded == (math.ceil(100 * cos + 200 * sin), math.ceil(200 * cos + 100 * sin))


@given(st.floats(-180, 180), st.integers(1, 300), st.integers(1, 300))
def test_expanded_canvas_holds_all_corners(angle, h, w):
    image = np.broadcast_to(np.uint8(0), (h, w, 3))
    matrix, (new_h, new_w) = RandomRotate().matrix(angle, {"image": image})
    corners = transform([np.array([[0, 0], [w, 0], [w, h], [0, h]])], matrix)[0]
    assert corners.min() >= -1e-3
    assert (corners <= np.array([new_w, new_h]) + 1e-3).all()


def test_scale_agrees_with_opencv(smooth_image):
    for factor in (0.6, 1.0, 2.5):
        scaled = RandomScale([0.5, 3.0]).apply({"image": smooth_image, "polys": [POLY]}, factor)
        theirs = cv2.resize(smooth_image, None, fx=factor, fy=factor)
        assert scaled["image"].shape == theirs.shape
        assert np.abs(scaled["image"].astype(int) - theirs).max() <= 1
        np.testing.assert_allclose(scaled["polys"][0], POLY * factor)


def test_strong_reduction_averages(rng):
    noise = rng.integers(0, 256, (400, 600, 3), dtype=np.uint8)
    small = warp(noise, [Step(np.diag([0.1, 0.1, 1.0]), (40, 60), (40, 60))])
    means = noise.reshape(40, 10, 60, 10, 3).mean(axis=(1, 3))
    assert np.abs(small - means).max() <= 1


def test_scale_limits(rng):
    image = np.zeros((100, 200, 3), dtype=np.uint8)
    draw = lambda op, n=20: [op.draw(rng, {"image": image}) for _ in range(n)]  # noqa: E731
    assert all(0.5 <= scale <= 3.0 for scale in draw(RandomScale([0.5, 3.0], p=1.0)))
    assert set(draw(RandomScale([0.1, 0.2], p=1.0, size_limits=[50, 400]))) == {0.5}
    assert set(draw(RandomScale([4, 5], p=1.0, size_limits=[50, 400]))) == {2.0}
    assert set(draw(RandomScale([4, 5], p=0.0))) == {1.0}


def test_probability_of_draws(rng):
    image = {"image": np.zeros((10, 10, 3), dtype=np.uint8)}
    flips = [RandomHorizontalFlip(0.25).draw(rng, image) for _ in range(2000)]
    assert 0.2 < np.mean(flips) < 0.3
    angles = np.array([RandomRotate([-10, 10], p=0.5).draw(rng, image) for _ in range(2000)])
    assert 0.45 < np.mean(angles == 0) < 0.55
    assert angles.min() >= -10 and angles.max() <= 10 and angles.min() < -9 and angles.max() > 9


def test_how_many_numbers_are_drawn_does_not_depend_on_chance():
    image = {"image": np.zeros((10, 10, 3), dtype=np.uint8)}
    never, always = np.random.default_rng(1), np.random.default_rng(1)
    RandomRotate(p=0.0).draw(never, image)
    RandomRotate(p=1.0).draw(always, image)
    assert never.random() == always.random()


def test_wrong_arguments():
    with pytest.raises(ConfigError, match=r"RandomHorizontalFlip: p must be a probability in \[0, 1\], got 1.5"):
        RandomHorizontalFlip(1.5)
    with pytest.raises(ConfigError, match=r"RandomRotate: degrees must be two ascending numbers .*got \[10, -10\]"):
        RandomRotate([10, -10])
    with pytest.raises(ConfigError, match="RandomScale: scale_range must be two ascending numbers above 0"):
        RandomScale([0, 3])
    with pytest.raises(ConfigError, match="RandomScale: size_limits must be two"):
        RandomScale([1, 3], size_limits=[5])
    with pytest.raises(ConfigError, match=r"expected an image \(H, W, 3\), got shape \(3, 8, 8\); ToCHWImage"):
        RandomHorizontalFlip().apply({"image": np.zeros((3, 8, 8))}, True)
