import cv2
import numpy as np
import pytest

from mindocr.data.transforms.resize import DetResize
from mindocr.errors import ConfigError


def run(op, h, w, **more):
    image = np.full((h, w, 3), 200, dtype=np.uint8)
    return op({"image": image, **more})


CASES = [
    ({"target_size": [736, 1280], "keep_ratio": False, "limit_type": "none"}, (720, 1280), (736, 1280)),
    ({"target_size": [700, 1000], "keep_ratio": False}, (720, 1280), (704, 1024)),
    ({"target_size": [736, 1280], "keep_ratio": True}, (720, 960), (736, 992)),
    ({"limit_type": "max", "limit_side_len": 960}, (720, 1280), (544, 960)),
    ({"limit_type": "max", "limit_side_len": 960}, (300, 400), (320, 416)),
    ({"limit_type": "min", "limit_side_len": 736}, (720, 1280), (736, 1312)),
    ({"limit_type": "min", "limit_side_len": 736}, (800, 1280), (800, 1280)),
    ({"limit_type": None}, (100, 30), (128, 32)),
    ({"limit_type": None, "divisor": 7}, (100, 30), (105, 35)),
    ({"limit_type": "none", "force_divisable": False}, (100, 30), (100, 30)),
    ({"limit_type": "max", "limit_side_len": 960, "force_divisable": False}, (720, 1281), (540, 960)),
    ({"limit_type": "max", "limit_side_len": 96}, (1, 4000), (32, 96)),
]


@pytest.mark.parametrize(("arguments", "given", "expected"), CASES)
def test_sizes_and_true_ratios(arguments, given, expected):
    sample = run(DetResize(**arguments), *given)
    assert sample["image"].shape[:2] == expected
    np.testing.assert_allclose(
        sample["shape_list"], [*given, expected[0] / given[0], expected[1] / given[1]], rtol=1e-6
    )
    assert sample["shape_list"].dtype == np.float32


def test_padding_lies_at_the_bottom_and_the_right():
    sample = run(DetResize(target_size=[800, 800], keep_ratio=True, padding=True, force_divisable=False), 300, 400)
    assert sample["image"].shape == (800, 800, 3)
    assert (sample["image"][:600] == 200).all() and not sample["image"][600:].any()
    np.testing.assert_allclose(sample["shape_list"], [300, 400, 2, 2])


def test_ratios_multiply_axis_by_axis():
    before = np.array([1000, 500, 0.5, 0.25], dtype=np.float32)
    sample = run(DetResize(target_size=[64, 96], keep_ratio=False), 32, 32, shape_list=before)
    np.testing.assert_allclose(sample["shape_list"], [1000, 500, 1.0, 0.75])
    np.testing.assert_allclose(before, [1000, 500, 0.5, 0.25])


def test_pixels_are_those_of_opencv(smooth_image):
    sample = DetResize(target_size=[736, 1280], keep_ratio=False)({"image": smooth_image})
    np.testing.assert_array_equal(sample["image"], cv2.resize(smooth_image, (1280, 736)))


def test_polygons_move_in_training_only():
    poly = np.array([[1, 2], [3, 2], [3, 4]], dtype=np.float32)
    for is_train, factor in ((True, (3, 2)), (False, (1, 1))):
        op = DetResize(target_size=[64, 96], keep_ratio=False, is_train=is_train)
        np.testing.assert_allclose(run(op, 32, 32, polys=[poly])["polys"][0], poly * np.array(factor))


def test_wrong_arguments():
    with pytest.raises(
        ConfigError, match=r"target_size \[700, 800\] is not a multiple of divisor 32; use \[704, 800\]"
    ):
        DetResize(target_size=[700, 800], padding=True)
    with pytest.raises(ConfigError, match=r"target_size must be two sizes \[h, w\] in pixels, got \[736\]"):
        DetResize(target_size=[736])
    with pytest.raises(ConfigError, match="limit_side_len and divisor must be 1 or more, got 736 and 0"):
        DetResize(divisor=0)
