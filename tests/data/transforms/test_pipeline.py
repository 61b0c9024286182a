import cv2
import numpy as np
import pytest

from mindocr.data.transforms.pipeline import Pipeline, check_pipeline
from mindocr.data.transforms.warp import Step, warp
from mindocr.errors import ConfigError

TRAIN = [
    {"RandomColorAdjust": {"brightness": 0.1255, "saturation": 0.5}},
    {"RandomHorizontalFlip": {"p": 0.5}},
    {"RandomRotate": {"degrees": [-10, 10], "expand_canvas": False, "p": 1.0}},
    {"RandomScale": {"scale_range": [0.5, 3.0], "p": 1.0}},
    {"RandomCropWithBBox": {"crop_size": [320, 320], "p": 1.0}},
]
KEYS = ("image", "polys", "ignore_tags", "texts")


def box(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float32)


@pytest.fixture
def sample(smooth_image):
    polys = [box(60, 50, 140, 80), box(200, 150, 330, 190), box(20, 300, 90, 330), box(400, 20, 470, 60)]
    tags = np.array([False, False, True, False])
    return {"image": smooth_image, "polys": polys, "ignore_tags": tags, "texts": ["a", "b", "###", "d"]}


@pytest.mark.parametrize("expand", [False, True])
def test_fused_ops_equal_the_same_ops_one_by_one(sample, expand):
    specs = [*TRAIN[:2], {"RandomRotate": {"degrees": [-30, 30], "expand_canvas": expand}}, *TRAIN[3:]]
    fused, plain = (Pipeline(specs, None, KEYS, fuse=fuse) for fuse in (True, False))
    for seed in range(12):
        ours, theirs = fused(sample, np.random.default_rng(seed)), plain(sample, np.random.default_rng(seed))
        assert ours["texts"] == theirs["texts"]
        np.testing.assert_array_equal(ours["ignore_tags"], theirs["ignore_tags"])
        for a, b in zip(ours["polys"], theirs["polys"]):
            np.testing.assert_allclose(a, b, atol=1e-3)
        assert ours["image"].shape == theirs["image"].shape == (320, 320, 3)
        black = (ours["image"] == 0).all(axis=2), (theirs["image"] == 0).all(axis=2)
        assert (black[0] != black[1]).mean() < 0.01  # at most a line of pixels along the border of the canvas
        inner = cv2.erode((~(black[0] | black[1])).astype(np.uint8), np.ones((9, 9)), borderValue=1) > 0
        difference = np.abs(ours["image"].astype(int) - theirs["image"])[inner]
        assert difference.mean() < 0.5 and np.percentile(difference, 99.9) <= 3


def test_canvas_on_the_way_cuts_the_image(smooth_image):
    bright = np.maximum(smooth_image, 1)
    turn = np.deg2rad(45)
    rotate = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 200], [0, 0, 1]])
    steps = [
        Step(np.array([[1.0, 0, -100], [0, 1, -50], [0, 0, 1]]), (200, 300), (200, 300)),
        Step(rotate, (400, 400), (400, 400)),
    ]
    one_by_one = warp(warp(bright, steps[:1]), steps[1:])
    together = warp(bright, steps)
    unseen = (one_by_one == 0).all(axis=2)
    assert 0.4 < unseen.mean() < 0.8
    assert ((together == 0).all(axis=2) != unseen).mean() < 0.01
    both = ~unseen & (together > 0).all(axis=2)
    assert np.abs(together.astype(int) - one_by_one)[both].mean() < 1


def test_input_is_left_alone(sample):
    before = {key: np.copy(sample[key]) for key in ("image", "polys", "ignore_tags")}
    Pipeline([*TRAIN, "ValidatePolygons", "ShrinkBinaryMap", "BorderMap", "NormalizeImage"], None, KEYS)(
        sample, np.random.default_rng(1)
    )
    assert sorted(sample) == sorted(KEYS)
    for key, value in before.items():
        np.testing.assert_array_equal(sample[key], value)


def test_same_seed_same_sample(sample):
    pipeline = Pipeline(TRAIN, None, KEYS)
    first, again, other = (pipeline(sample, np.random.default_rng(seed))["image"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_taking_an_op_away_leaves_the_draws_of_the_others(smooth_image):
    sample = {"image": smooth_image, "polys": [box(60, 50, 140, 80)]}
    rotate, scale = {"RandomRotate": {"expand_canvas": False}}, {"RandomScale": {"scale_range": [0.5, 2.0], "p": 1.0}}
    drawn = []
    for specs in ([rotate, scale], [{"RandomHorizontalFlip": {"p": 0.0}}, rotate, scale]):
        drawn.append(Pipeline(specs, None, KEYS)(sample, np.random.default_rng(3))["polys"][0])
    np.testing.assert_array_equal(*drawn)
    alone = Pipeline([scale], None, KEYS)(sample, np.random.default_rng(3))["image"].shape
    assert alone == Pipeline([rotate, scale], None, KEYS)(sample, np.random.default_rng(3))["image"].shape


def test_two_ops_of_one_name_draw_differently(sample):
    scale = {"RandomScale": {"scale_range": [0.5, 1.0], "p": 1.0}}
    pipeline = Pipeline([scale, scale], None, KEYS)
    h = pipeline(sample, np.random.default_rng(3))["image"].shape[0]
    single = Pipeline([scale], None, KEYS)(sample, np.random.default_rng(3))["image"].shape[0] / 360
    assert abs(h - 360 * single**2) > 2


def test_problems_are_all_told_with_their_place():
    specs = [
        "DecodeImag",
        {"RandomRotate": {"degres": [-10, 10]}},
        {"RandomScale": None},
        {"DetResize": {"divisor": 0}},
        {"a": 1, "b": 2},
        {"BorderMap": [1]},
        {"RandomHorizontalFlip": {"p": "often"}},
    ]
    problems = check_pipeline(specs, ("img_path", "label"))
    assert [problem.split(":")[0] for problem in problems] == [
        "[0].DecodeImag",
        "[1].RandomRotate.degres",
        "[2].RandomScale.scale_range",
        "[3].DetResize",
        "[4]",
        "[5].BorderMap",
        "[6].RandomHorizontalFlip.p",
    ]
    assert "did you mean 'DecodeImage'?" in problems[0]
    assert "did you mean 'degrees'?" in problems[1]
    assert problems[3] == "[3].DetResize: limit_side_len and divisor must be 1 or more, got 736 and 0"


def test_keys_that_no_op_writes():
    specs = ["DecodeImage", "ShrinkBinaryMap", "DetLabelEncode"]
    problems = check_pipeline(specs, ("img_path", "label"), ["image", "binary_map", "thresh_map", "img_pth"])
    late = "which no op before it writes; [2].DetLabelEncode writes it: move it before this op"
    assert problems[:2] == [f"[1].ShrinkBinaryMap: reads '{key}', {late}" for key in ("polys", "ignore_tags")]
    assert problems[2].startswith("output_columns: no op writes 'thresh_map'") and "BorderMap" in problems[2]
    assert problems[3].startswith("output_columns: no op writes 'img_pth' (did you mean 'img_path'?); available: ")
    assert len(problems) == 4
    with pytest.raises(ConfigError, match=r"transform_pipeline:\n  \[1\].ShrinkBinaryMap: reads 'polys'"):
        Pipeline(specs, ["image"], ("img_path", "label"))
    assert check_pipeline(["DecodeImage", "DetLabelEncode", "ShrinkBinaryMap"], ("img_path", "label"), ["mask"]) == []


def test_op_that_would_write_a_key_is_named():
    (problem,) = check_pipeline(["DecodeImage"], ("img_path",), ["shape_list"])
    assert problem == "output_columns: no op writes 'shape_list'; DetResize would write it; available: image, img_path"


def test_what_an_option_adds_counts_as_written():
    assert check_pipeline([{"DecodeImage": {"keep_ori": True}}], ("img_path",), ["image_ori"]) == []
    assert len(check_pipeline(["DecodeImage"], ("img_path",), ["image_ori"])) == 1


def test_training_flag_reaches_the_ops(smooth_image):
    sample = {"image": smooth_image, "polys": [box(0, 0, 10, 10)]}
    for is_train, expected in ((True, 20), (False, 10)):
        pipeline = Pipeline([{"DetResize": {"target_size": [736, 960], "keep_ratio": False}}], None, KEYS, is_train)
        assert pipeline(sample, np.random.default_rng(0))["polys"][0].max() == pytest.approx(expected, rel=0.05)
