"""JPEGs decoded late at reduced size: same random parameters, same polygons, pixels of the same quality."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mindocr.data.transforms.load import DecodeImage
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.data.transforms.warp import Step, spare_factor, warp
from mindocr.errors import DataError
from mindocr.images import read
from mindocr.images.read import Picture, read_image

KEYS = ("img_path", "polys", "ignore_tags", "texts")
SMALL = [
    "DecodeImage",
    {"RandomColorAdjust": {"brightness": 0.1, "saturation": 0.2}},
    {"RandomHorizontalFlip": {"p": 0.5}},
    {"RandomRotate": {"degrees": [-10, 10], "expand_canvas": False}},
    {"RandomScale": {"scale_range": [0.1, 1.0], "p": 1.0}},
    {"RandomCropWithBBox": {"crop_size": [224, 224], "p": 1.0}},
]


def step(scale, h, w):
    size = (round(h * scale), round(w * scale))
    return Step(np.diag([scale, scale, 1.0]), size, size)


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2))


@pytest.fixture
def sample(tmp_path, smooth_image):
    path = tmp_path / "a.jpg"
    Image.fromarray(smooth_image).save(path, quality=95)
    quad = np.array([[60, 50], [140, 50], [140, 80], [60, 80]], dtype=np.float32)
    return {"img_path": str(path), "polys": [quad, quad + 100], "ignore_tags": np.zeros(2, bool), "texts": ["a", "b"]}


def test_factor_that_the_steps_leave_unused():
    flip = Step(np.array([[-1.0, 0, 100], [0, 1, 0], [0, 0, 1]]), (100, 100), (100, 100))
    cos, sin = np.cos(0.5), np.sin(0.5)
    rotate = Step(np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]), (99, 99), (99, 99))
    for scale, factor in ((1.2, 1), (0.51, 1), (0.5, 2), (0.3, 2), (0.25, 4), (0.13, 4), (0.125, 8), (0.01, 8)):
        assert spare_factor([step(scale, 100, 100)]) == factor
        assert spare_factor([flip, rotate, step(scale, 100, 100)]) == factor
    assert (
        spare_factor([step(0.5, 100, 100), step(2.0, 50, 50)]) == 1
    )  # an image that is enlarged again needs all its pixels
    assert (
        spare_factor([Step(np.diag([0.2, 0.6, 1.0]), (60, 20), (60, 20))]) == 1
    )  # the direction that is reduced least


def test_draws_and_polygons_do_not_depend_on_how_the_image_is_decoded(sample):
    late, early = (Pipeline(SMALL, None, KEYS, fuse=fuse) for fuse in (True, False))
    factors = set()
    for seed in range(20):
        ours, theirs = late(sample, np.random.default_rng(seed)), early(sample, np.random.default_rng(seed))
        assert ours["texts"] == theirs["texts"]
        for a, b in zip(ours["polys"], theirs["polys"]):
            np.testing.assert_allclose(a, b, atol=1e-3)
        assert psnr(ours["image"], theirs["image"]) > 25  # the border of the canvas may move by a pixel
        shrinking = (theirs["polys"][0][1] - theirs["polys"][0][0]) / 80
        factors.add(round(float(np.hypot(*shrinking)), 2) <= 0.5)
    assert factors == {True, False}  # reduced and full decoding both took place


def test_decoder_is_asked_for_no_more_pixels_than_needed(sample):
    op = DecodeImage(img_mode="RGB")
    asked = []

    def watched(seen):
        picture = DecodeImage.open(op, seen)
        return Picture(picture.size, lambda f: asked.append(f) or picture.decode(f), picture.largest_factor)

    pipeline = Pipeline(["DecodeImage", {"RandomScale": {"scale_range": [0.2, 0.2], "p": 1.0}}], None, KEYS)
    pipeline.ops[0].open = watched
    image = pipeline(sample, np.random.default_rng(0))["image"]
    assert asked == [4] and image.shape == (72, 96, 3)


@pytest.mark.parametrize(("scale", "least"), [(0.5, 45), (0.35, 39), (0.25, 45), (0.15, 33), (0.125, 45), (0.1, 30)])
def test_reduced_decoding_loses_nothing_visible(shared_dir, scale, least):
    """In decibels against the exact area average of the full image; worst of 20 photographs.

    Where the scale is not 1/n, full decoding is no exact average either, and reduced decoding is as good as it.
    """
    test, train = (shared_dir / "data" / "icdar2015" / part / "images" for part in ("test", "train"))
    files = [*sorted(test.glob("*.jpg"))[::20], *sorted(train.glob("*.jpg"))[::100]]
    assert len(files) == 20
    for file in files:
        picture = DecodeImage(img_mode="RGB").open({"img_path": str(file)})
        full = picture.decode(1)
        steps = [step(scale, *picture.size)]
        exact = cv2.resize(full, steps[0].size[::-1], interpolation=cv2.INTER_AREA)
        factor = spare_factor(steps)
        quality = psnr(warp(picture.decode(factor), steps, factor), exact)
        assert factor > 1 and quality > least
        if 1 / scale % 1:
            assert quality > min(psnr(warp(full, steps), exact), 45) - 1  # above 45 dB differences are invisible


def test_other_formats_are_decoded_whole(tmp_path, smooth_image):
    path = tmp_path / "a.png"
    Image.fromarray(smooth_image).save(path)
    picture = DecodeImage(img_mode="RGB").open({"img_path": str(path)})
    assert picture.size == (360, 480) and picture.largest_factor == 1
    np.testing.assert_array_equal(picture.decode(1), smooth_image)


@pytest.mark.parametrize("value", range(1, 9))
def test_turned_images_are_reduced_where_their_blocks_stay_whole(tmp_path, smooth_image, value):
    exif = Image.Exif()
    exif[0x0112] = value
    for h, w, largest in ((360, 480, 8), (356, 478, 2), (355, 478, 1)):
        path = tmp_path / "a.jpg"
        Image.fromarray(smooth_image[:h, :w]).save(path, quality=95, exif=exif)
        picture = DecodeImage(img_mode="RGB").open({"img_path": str(path)})
        full = read_image(path)
        assert picture.size == full.shape[:2]
        assert picture.largest_factor == (largest if value > 1 else 8)
        for factor in (f for f in (2, 4, 8) if f <= picture.largest_factor):
            small = picture.decode(factor)
            covered = full[: small.shape[0] * factor, : small.shape[1] * factor]
            if covered.shape[0] % factor or covered.shape[1] % factor:
                continue
            means = covered.reshape(small.shape[0], factor, small.shape[1], factor, 3).mean(axis=(1, 3))
            assert np.abs(small - means).mean() < 1


def test_whole_image_where_something_else_needs_it(sample):
    for options in ({"keep_ori": True}, {"channel_first": True}, {"to_float32": True}):
        assert not DecodeImage(**options).can_wait
    specs = [{"DecodeImage": {"keep_ori": True}}, *SMALL[1:]]
    made = Pipeline(specs, None, KEYS)(sample, np.random.default_rng(0))
    assert made["image_ori"].shape == (360, 480, 3) and made["image"].shape == (224, 224, 3)


def test_damage_found_late_names_the_file(sample, tmp_path):
    path = tmp_path / "a.jpg"
    content = path.read_bytes()
    start = content.index(b"\xff\xda")
    path.write_bytes(content[: content.index(b"\xff\xdb")] + content[start:])  # no quantisation tables
    with pytest.raises(DataError, match="a.jpg: .*(not an image|cannot decode)"):
        Pipeline(SMALL, None, KEYS)(sample, np.random.default_rng(0))


def test_a_size_that_decoding_does_not_confirm(sample, monkeypatch):
    monkeypatch.setattr(read, "read_header", lambda content: read.JpegHeader(480, 360, 1))
    with pytest.raises(DataError, match=r"a.jpg: its headers state \(\d+, \d+\) pixels \(h, w\), decoded:"):
        Pipeline(SMALL, None, KEYS)(sample, np.random.default_rng(0))
