"""The predictor: paths, arrays and lists of them give the same results; wrong input is named."""

import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from bright_is_text import BrightIsText, white_box, write

from mindocr.errors import ConfigError, DataError, UserError
from mindocr.inference.configured import configured
from mindocr.inference.pipeline import default_pipeline
from mindocr.inference.predictor import Predictor
from mindocr.postprocess.db import DBPostprocess

BOX = [[100, 60], [300, 60], [300, 120], [100, 120]]
SECTION = {"name": "DBPostprocess", "box_thresh": 0.5, "expand_ratio": 0.0}


def make(pipeline=None, runner=None):
    return Predictor(
        runner or BrightIsText(), DBPostprocess(box_thresh=0.5, expand_ratio=0.0), pipeline or default_pipeline(320)
    )


@pytest.fixture
def finder():
    return make()


def outlines(result):
    return [poly.tolist() for poly in result.prediction.polys]


def test_a_file_and_its_array_give_the_same(finder, tmp_path):
    path = write(tmp_path / "a.png")
    from_file, from_array = finder(path), finder(cv2.imread(str(path))[..., ::-1])
    np.testing.assert_allclose(outlines(from_file)[0], BOX, atol=3)
    assert outlines(from_array) == outlines(from_file)
    assert from_file.image_size == from_array.image_size == (240, 640)
    assert (from_file.path, from_array.path) == (str(path), None)
    assert outlines(finder(str(path))) == outlines(from_file)


def test_a_grey_array_is_a_colour_image_with_equal_channels(finder):
    assert outlines(finder(white_box()[..., 0])) == outlines(finder(white_box()))


@pytest.mark.parametrize("mode", ["RGB", "BGR"])
def test_channels_of_arrays_reach_the_network_as_those_of_files(mode, tmp_path):
    red = np.full((64, 64, 3), (255, 0, 0), np.uint8)
    assert cv2.imwrite(str(tmp_path / "red.png"), red[..., ::-1])
    pipeline = [{"DecodeImage": {"img_mode": mode}}, *default_pipeline(64)[1:]]
    runner = BrightIsText()
    finder = make(pipeline, runner)
    finder([red, tmp_path / "red.png"])
    np.testing.assert_array_equal(*runner.seen)
    assert int(runner.seen[0].mean((1, 2)).argmax()) == {"RGB": 0, "BGR": 2}[mode]
    ((_, image, _),) = finder.images(tmp_path / "red.png")
    np.testing.assert_array_equal(image, red)
    np.testing.assert_array_equal(finder(tmp_path / "red.png").image, red)


def test_lists_keep_their_order_whatever_the_batch(finder, tmp_path):
    sources = [
        white_box(),
        write(tmp_path / "a.png", size=(320, 200), box=(20, 20, 100, 60)),
        white_box(box=(0, 0, 0, 0)),
        white_box(size=(64, 64), box=(10, 10, 50, 30)),
    ]
    one_by_one = finder(sources)
    assert [len(result) for result in one_by_one] == [1, 1, 0, 1]
    assert [result.image_size for result in one_by_one] == [(240, 640), (320, 200), (240, 640), (64, 64)]
    for batch_size in (2, 4, 9):
        assert [outlines(r) for r in finder(sources, batch_size)] == [outlines(r) for r in one_by_one]
    assert len(finder(image for image in sources[:2])) == 2


def test_folders_and_globs_give_lists(finder, tmp_path):
    for name in ("b.png", "a.png"):
        write(tmp_path / "in" / name)
    found = finder(tmp_path / "in")
    assert [result.path for result in found] == [str(tmp_path / "in" / name) for name in ("a.png", "b.png")]
    assert len(finder(f"{tmp_path}/in/a*")) == 1


def test_an_array_is_left_alone(finder):
    image = white_box()
    finder(image).draw()
    np.testing.assert_array_equal(image, white_box())


def test_a_fixed_input_size_is_met():
    runner = BrightIsText((96, 160), {"postprocess": SECTION, "pipeline": default_pipeline()})
    result = Predictor(runner, *configured(runner))(white_box())
    assert runner.seen[0].shape == (3, 96, 160)
    np.testing.assert_allclose(outlines(result)[0], BOX, atol=5)
    with pytest.raises(ConfigError, match="limit_side_len: this model takes only images of 96 x 160 pixels"):
        configured(runner, (320, "max"))


def test_settings_replace_those_of_the_model():
    runner = BrightIsText(metadata={"postprocess": SECTION, "pipeline": default_pipeline()})
    formed, _ = configured(runner, postprocess={"box_thresh": 0.25})
    assert (formed.box_thresh, formed.expand_ratio) == (0.25, 0.0)
    formed, pipeline = configured(runner, (64, "max"), {"name": "DBPostprocess"})
    assert (formed.box_thresh, formed.expand_ratio) == (0.7, 1.5)  # the defaults
    Predictor(runner, formed, pipeline)(white_box())
    assert runner.seen[0].shape == (3, 32, 64)
    with pytest.raises(ConfigError, match="box_thres'.*did you mean 'box_thresh'"):
        configured(runner, postprocess={"box_thres": 0.25})


@pytest.mark.parametrize(("metadata", "lacking"), [
    ({"pipeline": default_pipeline()}, "post-processing"), ({"postprocess": SECTION}, "preprocessing"),
])  # fmt: skip
def test_a_model_without_settings_is_refused(metadata, lacking):
    with pytest.raises(ConfigError, match=f"this model file does not hold its {lacking}; pass a YAML file"):
        configured(BrightIsText(metadata=metadata))


def test_an_output_that_is_not_there_is_named():
    runner = BrightIsText()
    runner.output_names = ("logits",)
    with pytest.raises(ConfigError, match="DBPostprocess reads the output 'prob', but the network outputs logits"):
        make(runner=runner)


@pytest.mark.parametrize(("alpha", "seen"), [("white", 255), ("black", 0), ("drop", 77)])
def test_opacity_of_an_array_is_applied_as_for_a_file(alpha, seen, tmp_path):
    image = np.full((32, 32, 4), 77, np.uint8)
    image[..., 3] = 0
    assert cv2.imwrite(str(tmp_path / "a.png"), image)
    pipeline = default_pipeline()
    pipeline[0]["DecodeImage"]["alpha"] = alpha
    finder = Predictor(BrightIsText(), DBPostprocess(), pipeline)
    for source in (image, str(tmp_path / "a.png")):
        assert (finder(source).image == seen).all() and finder(source).image.shape == (32, 32, 3)
    shown = finder.runner.seen
    assert len(shown) == 4 and all(np.array_equal(each, shown[0]) for each in shown)


def test_a_grey_array_may_have_an_axis_for_its_channel(finder):
    grey = np.full((32, 32, 1), 9, np.uint8)
    np.testing.assert_array_equal(finder(grey).image, finder(grey[..., 0]).image)


@pytest.mark.parametrize(("image", "told"), [
    (np.zeros((8, 8, 3), np.float32), r"image 0: expected uint8 .* got float32; .*\(image \* 255\)"),
    (np.zeros((3, 8, 8), np.uint8), r"shape \(3, 8, 8\).*image.transpose\(1, 2, 0\)"),
    (np.zeros((2, 8, 8, 3), np.uint8), r"shape \(2, 8, 8, 3\).*pass several images as a list"),
    (np.zeros((8, 8, 2), np.uint8), r"shape \(8, 8, 2\); expected \(H, W, 3\) RGB, \(H, W, 4\) RGB with opacity, or"),
    (np.zeros((0, 8, 3), np.uint8), r"image 0: the array is empty"),
])  # fmt: skip
def test_arrays_of_another_form_are_refused(finder, image, told):
    with pytest.raises(DataError, match=told):
        finder(image)


def test_wrong_items_of_a_list_are_named_by_their_place(finder):
    with pytest.raises(DataError, match="image 1: expected uint8"):
        finder([white_box(), np.zeros((8, 8))])
    with pytest.raises(DataError, match="image 1: expected a path or an array, got int"):
        finder([white_box(), 7])
    with pytest.raises(DataError, match="expected a path, an array or a list of them, got int"):
        finder(7)


def test_nothing_to_predict_is_refused(finder, tmp_path):
    with pytest.raises(DataError, match="no image to predict: the list is empty"):
        finder([])
    with pytest.raises(DataError, match="none.png: no such folder or file"):
        finder(tmp_path / "none.png")
    with pytest.raises(DataError, match="no image in this folder"):
        finder(tmp_path)
    with pytest.raises(DataError, match="none.png: cannot read this image"):
        finder([tmp_path / "none.png"])


def test_a_batch_of_no_images_is_refused(finder):
    with pytest.raises(UserError, match="batch_size: expected a whole number from 1, got 0"):
        finder(white_box(), batch_size=0)


def test_an_image_that_becomes_too_large_is_named_by_its_place():
    pipeline = [*default_pipeline()[:1], {"DetResize": {"max_pixels": 100}}, *default_pipeline()[2:]]
    with pytest.raises(DataError, match="image 0: 640 x 240 pixels"):
        make(pipeline)(white_box())


def test_threads_do_not_see_each_others_arrays(finder):
    images = [white_box(size=(64, 64), box=(4, 4, 40, 20)), white_box(size=(96, 64), box=(4, 40, 40, 80))]
    expected = [outlines(finder(image)) for image in images]
    ops, both_have_given = finder.preparation.ops, threading.Barrier(2, timeout=20)

    def wait_and_run(sample, rng):
        both_have_given.wait()
        return ops(sample, rng)

    finder.preparation.ops = wait_and_run
    with ThreadPoolExecutor(2) as pool:
        assert [outlines(result) for result in pool.map(finder, images)] == expected
