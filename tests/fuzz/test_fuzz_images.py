"""Image files: read for training, for evaluation, by the converters and by the inspection of a data set."""

import numpy as np
import pictures
import pytest
from mutations import pick

from mindocr.formats.datasets.images import look_at
from mindocr.images.read import read_image
from mindocr.inspection.images import look_into
from mindocr.registry import DATASETS

SUFFIXES = (".jpg", ".png", ".bmp", ".webp", ".tif", ".gif", ".JPEG")
LIMITS = (
    {"limit_type": "max", "limit_side_len": 960}, {"limit_type": "min", "limit_side_len": 736}, {"limit_type": "none"},
    {"target_size": [736, 1280], "keep_ratio": True, "padding": True},
)  # fmt: skip


def pipeline(limit, **options):
    return [{"DecodeImage": {"img_mode": "RGB", **options}}, {"DetResize": limit},
            {"NormalizeImage": {"bgr_to_rgb": False, "is_hwc": True, "mean": "imagenet", "std": "imagenet"}},
            "ToCHWImage"]  # fmt: skip


def use(file, limit):
    """What evaluation makes of it."""
    spec = {"type": "PredictDataset", "data_dir": str(file), "transform_pipeline": pipeline(limit)}
    sample = DATASETS.build(spec, key="type", is_train=False, seed=0).get(0)
    assert sample["image"].ndim == 3 and sample["image"].shape[0] == 3 and np.isfinite(sample["image"]).all()


def given(arena, content, limit=LIMITS[0], suffix=".jpg"):
    file = arena.inputs / f"picture{suffix}"
    file.write_bytes(content)
    return lambda: use(file, limit)


def prepare(rng, arena):
    content, suffix = pick(rng, pictures.KINDS)(rng), pick(rng, SUFFIXES)
    call = given(arena, content, pick(rng, LIMITS), suffix)
    file = arena.inputs / f"picture{suffix}"
    chance = rng.random()
    if chance < 0.7:
        return call
    arena.pictures = arena.inputs
    return (lambda: look_at(file)) if chance < 0.85 else (lambda: look_into(str(file)))


def test_hostile_images(fuzz):
    outcomes = fuzz("images", prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x00", "picture.jpg"),
        (pictures.MAGIC["jpg"], "cut short"),
        (pictures.MAGIC["png"], "cut short"),
        (pictures.CHUNK, "cut short"),
        (pictures.png(100_000, 100_000, b""), "100000 x 100000 pixels (w x h), 10000000000 in all"),
        (pictures.bmp(40_000, -40_000), "40000 x 40000 pixels"),
        (pictures.bomb(), "30000 x 30000 pixels (w x h), 900000000 in all, above the limit of 134217728"),
    ],
)
def test_chosen_images(refused, content, message):
    told = refused(lambda arena: given(arena, content))
    assert message in told and "picture.jpg" in told


def test_a_damaged_animation(bounded):
    bounded(lambda arena: given(arena, pictures.DAMAGED_ANIMATION), "picture.jpg")


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "TIFF", "JPEG", "WEBP"])
def test_every_format_tells_its_size_first(refused, form):
    content = pictures.encoded(pictures.colours(np.random.default_rng(0), (400, 300)), form)

    def prepare(arena):
        file = arena.inputs / "picture.png"
        file.write_bytes(content)
        spec = {"type": "PredictDataset", "data_dir": str(file),
                "transform_pipeline": pipeline(LIMITS[0], max_pixels=119_999)}  # fmt: skip
        return lambda: DATASETS.build(spec, key="type", is_train=False, seed=0).get(0)

    told = refused(prepare)
    assert "400 x 300 pixels (w x h), 120000 in all, above the limit of 119999" in told
    assert "raise max_pixels of DecodeImage" in told


def test_a_strip_does_not_become_a_thousand_million_pixels(refused):
    strip = pictures.encoded(pictures.colours(np.random.default_rng(0), (20_000, 10)), "PNG")
    told = refused(lambda arena: given(arena, strip, {"limit_type": "min", "limit_side_len": 736}))
    assert "20000 x 10 pixels (w x h) would become 1472000 x 736 for the network, 1083392000 in all" in told
    assert "raise max_pixels of DetResize" in told and "picture.jpg" in told


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])  # OpenCV heeds no orientation in WebP
@pytest.mark.parametrize("orientation", pictures.ORIENTATIONS)
def test_all_orientations_come_out_upright(tmp_path, orientation, form):
    picture = pictures.colours(np.random.default_rng(0))
    options = {"quality": 100, "subsampling": 0} if form == "JPEG" else {}
    (tmp_path / "turned.img").write_bytes(pictures.turned(picture, orientation, form, **options))
    image = read_image(tmp_path / "turned.img")
    assert image.shape == (64, 96, 3)
    assert np.abs(image.astype(int) - np.asarray(picture)).max() < 12
