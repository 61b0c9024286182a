"""Tiles, scales and mirrored views: one map of the whole image, with texts on seams in one piece."""

import cv2
import numpy as np
import pytest
from bright_is_text import BrightIsText, white_box
from hypothesis import given
from hypothesis import strategies as st

from mindocr.errors import ConfigError, DataError, UserError
from mindocr.inference.large_texts import with_large_texts
from mindocr.inference.pipeline import default_pipeline
from mindocr.inference.predictor import Predictor
from mindocr.inference.tiling import Tile, plan_tiles
from mindocr.inference.view_maps import as_bytes, cut, merge_into
from mindocr.inference.view_options import ViewOptions
from mindocr.inference.views import Views
from mindocr.postprocess.db import DBPostprocess
from mindocr.predictions.detection import Detection


def quad(x, y, w, h):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


def views(options=None, pipeline=None, runner=None, **postprocess):
    postprocess = {"expand_ratio": 0.0, "box_thresh": 0.5, **postprocess}
    runner = runner or BrightIsText()
    return Views(runner, DBPostprocess(**postprocess), pipeline or default_pipeline(256), options or ViewOptions())


def test_a_text_across_seams_comes_out_whole():
    image = white_box((900, 1300), (100, 400, 1200, 430))  # longer than four tiles
    looks = views(ViewOptions(tile="auto"))
    seen = looks(image)
    assert len(seen.found) == 1 and seen.prob.dtype == np.uint8 and seen.prob.shape == (900, 1300)
    np.testing.assert_allclose(seen.found.polys[0], quad(100, 400, 1100, 30), atol=1.5)
    np.testing.assert_array_equal(seen.prob, np.where(image[..., 0] > 0, 255, 0))
    # 900 = 256 + 4 * 161, 1300 = 256 + 6 * 174: 5 x 7 tiles of 256 x 256, and the whole image as one more.
    assert looks.pixels == 36 * 256 * 256 and looks.cut_images == 1
    assert {each.shape for each in looks._runner.seen} == {(3, 256, 256)}  # a device compiles one graph
    assert "tile auto" in looks.summary() and "1 of 1 images in tiles" in looks.summary()


def test_an_image_that_fits_is_not_cut():
    image = white_box((200, 380), (100, 60, 300, 120))
    plain, tiled = views()(image), views(ViewOptions(tile="auto"))(image)
    np.testing.assert_array_equal(plain.prob, tiled.prob)
    assert plain.prob.dtype == np.float32 and plain.prob.shape == (160, 256)  # 135 rows, as a multiple of 32


def test_one_view_is_what_prediction_does():
    image, pipeline = white_box((333, 517)), default_pipeline(256)
    post = DBPostprocess(expand_ratio=0.0, box_thresh=0.5)
    usual = Predictor(BrightIsText(), post, pipeline)(image).prediction
    seen = views()(image).found
    np.testing.assert_array_equal(usual.polys, seen.polys)
    assert usual.scores == seen.scores and len(usual) == 1


@given(st.integers(40, 90), st.integers(40, 90), st.integers(40, 200), st.integers(40, 200))
def test_tiles_of_the_scaled_image_are_parts_of_it(h, w, new_h, new_w):
    image = np.random.default_rng(h * w).integers(0, 255, (h, w, 3), np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 2)
    whole = cv2.resize(image, (new_w, new_h), interpolation=cv2.INTER_LINEAR).astype(int)
    for tile in plan_tiles((new_h, new_w), (32, 32), 0.25):
        part = cut(image, tile, (new_h, new_w)).astype(int)
        expected = whole[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
        assert np.abs(part - expected).max() <= 3  # OpenCV interpolates at 1/32 of a pixel


def test_a_tile_of_the_image_itself_is_no_copy():
    image = white_box()
    assert np.shares_memory(cut(image, Tile(10, 20, 30, 40), (240, 640)), image)


class HalfBlind(BrightIsText):
    """Sees only the left half of its input, with probability 0.8."""

    def __call__(self, images):
        found = super().__call__(images)["prob"]
        for prob in found:
            prob[..., prob.shape[-1] // 2 :] = 0
        return {"prob": [prob * np.float32(0.8) for prob in found]}


@pytest.mark.parametrize(("merge", "expected"), [("mean", 0.4), ("max", 0.8)])
def test_mirrored_views_are_merged(merge, expected):
    image = np.full((64, 128, 3), 255, np.uint8)
    seen = views(ViewOptions(flip=True, merge=merge), runner=HalfBlind())(image)
    np.testing.assert_allclose(seen.prob, expected, rtol=1e-6)


@pytest.mark.parametrize("tile", ["off", 128])
def test_scales_are_merged_in_the_frame_of_the_first(tile):
    image = white_box((256, 512), (100, 60, 300, 120))
    looks = views(ViewOptions(tile=tile, scales=(0.5, 1, 2)), default_pipeline(512))
    (poly,) = looks(image).found.polys
    np.testing.assert_allclose(poly, quad(100, 60, 200, 60), atol=2)
    sizes = {each.shape[1:] for each in looks._runner.seen}
    assert sizes == ({(128, 256), (256, 512), (512, 1024)} if tile == "off" else {(128, 128)})
    if tile == "off":
        assert looks.pixels / looks.usual_pixels == 0.25 + 1 + 4


def test_merging_by_hand():
    total = np.array([[0.2, 0.8]], np.float32)
    merge_into(total, np.array([[0.4, np.nan]], np.float32), 1, "mean")
    np.testing.assert_allclose(total, [[0.3, 0.4]])
    merge_into(total, np.array([[0.6, 0.1]], np.float32), 2, "mean")
    np.testing.assert_allclose(total, [[0.4, 0.3]], rtol=1e-6)
    merge_into(total, np.array([[0.1, np.nan]], np.float32), 3, "max")
    np.testing.assert_allclose(total, [[0.4, 0.3]], rtol=1e-6)
    stored = np.array([[10, 200]], np.uint8)
    merge_into(stored, np.array([[21, 100]], np.uint8), 1, "mean")
    assert stored.tolist() in ([[16, 150]], [[15, 150]])
    assert as_bytes(np.array([[-1, 0.5, 2]])).tolist() == [[0, 128, 255]]


def test_a_text_larger_than_a_tile_comes_from_the_whole_image():
    parts = Detection([quad(10, 10, 50, 400), quad(600, 0, 40, 10)], [0.9, 0.8])
    whole = Detection([quad(0, 0, 500, 450), quad(600, 0, 41, 11)], [0.7, 0.6])
    found = with_large_texts(parts, whole, 200)
    assert [len(found), found.scores] == [2, [0.8, 0.7]]
    assert with_large_texts(parts, whole, 451) is parts
    assert with_large_texts(Detection(), whole, 200).scores == [0.7]


class SeesEdges(BrightIsText):
    """A bright pixel is text if there is a dark one within 100 pixels: the inside of large areas is missed."""

    def __call__(self, images):
        maps = []
        for image in images:
            bright = (image.mean(0) > 0).astype(np.float32)
            near = cv2.blur(bright, (201, 201), borderType=cv2.BORDER_REPLICATE)
            maps.append((bright * (near < 1))[None])
        return {"prob": maps}


def test_a_huge_text_is_not_lost():
    image = white_box((1600, 1600), (300, 300, 1300, 1300))
    found = views(ViewOptions(tile=256), runner=SeesEdges())(image).found
    assert len(found) == 1 and found.scores[0] > 0.9
    np.testing.assert_allclose(found.polys[0], quad(300, 300, 1000, 1000), atol=12)


def test_more_texts_than_one_image_may_have():
    image = np.zeros((520, 520, 3), np.uint8)
    image[10:20, 20:500:40] = image[500:510, 20:500:40] = 0
    for x in range(20, 500, 40):
        image[10:20, x : x + 20] = image[500:510, x : x + 20] = 255
    found = views(ViewOptions(tile=256), max_candidates=6)(image).found
    assert len(found) == 24 and not found.rejections


def test_a_network_of_one_size_gets_tiles_of_that_size():
    runner = BrightIsText(input_size=(128, 192))
    pipeline = [default_pipeline()[0], {"DetResize": {"target_size": [128, 192], "keep_ratio": True, "padding": True}},
                *default_pipeline()[2:]]  # fmt: skip
    image = white_box((100, 800), (30, 40, 750, 60))
    found = views(ViewOptions(tile=192), pipeline, runner)(image).found
    np.testing.assert_allclose(found.polys[0], quad(30, 40, 720, 20), atol=2)
    assert {each.shape for each in runner.seen} == {(3, 128, 192)}
    with pytest.raises(ConfigError, match="--scales: this model takes only images of 128 x 192 pixels"):
        views(ViewOptions(scales=(1, 2)), pipeline, runner)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scales": ()}, r"scales: expected numbers from 0\.1 to 10, got \[\]"),
        ({"scales": (1, 20)}, "scales: expected numbers"),
        ({"scales": (1, 1.0)}, "scales: each is given once"),
        ({"merge": "sum"}, "merge: expected mean or max, got 'sum'"),
        ({"tile": "64"}, "tile: expected auto, off"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(UserError, match=message):
        ViewOptions(**options)


def test_options_as_words():
    assert ViewOptions().is_plain and str(ViewOptions()) == "one view"
    words = str(ViewOptions("auto", (0.5, 1), True, "max"))
    assert words == "tile auto, scales 0.5 1, flip, merged by their max"


def test_models_that_have_no_map():
    class Other:
        reads = ("prob",)

    with pytest.raises(ConfigError, match=r"need a detector that gives a map of probabilities .* this model has Other"):
        Views(BrightIsText(), Other(), default_pipeline(), ViewOptions(flip=True))
    with pytest.raises(ConfigError, match="begins with DecodeImage and has one DetResize, got DecodeImage, ToCHWImage"):
        views(pipeline=[default_pipeline()[0], default_pipeline()[3]])

    class Quarter(BrightIsText):
        def __call__(self, images):
            return {"prob": [image[:1, ::4, ::4] for image in images]}

    with pytest.raises(DataError, match=r"size of the network's input \(160, 256\), but it gave \(40, 64\)"):
        views(runner=Quarter())(white_box((200, 380)))


def test_a_strip_that_becomes_too_large():
    pipeline = default_pipeline(736, "min")
    with pytest.raises(DataError, match=r"strip.png: 30000 x 10 pixels \(w x h\) would become 2208000 x 736 in tiles"):
        views(ViewOptions(tile="auto"), pipeline)(np.zeros((10, 30000, 3), np.uint8), "strip.png")


def test_memory_is_one_byte_a_pixel_and_a_row_of_tiles():
    import tracemalloc

    image = np.zeros((3000, 4000, 3), np.uint8)
    image[::100, 10:3990] = 255
    looks = views(ViewOptions(tile="auto"), default_pipeline(512))
    tracemalloc.start()
    try:
        looks(image)
        held = sum(each.nbytes for each in looks._runner.seen)  # which the stand-in for the network keeps
        peak = tracemalloc.get_traced_memory()[1] - held
    finally:
        tracemalloc.stop()
    row_of_tiles = 512 * 4000 * 4
    assert peak < 3000 * 4000 + 3 * row_of_tiles + 10e6
