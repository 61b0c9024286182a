"""RandAugment: each operation against Pillow or by hand, the values of each level, and what is drawn."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from mindocr.data.transforms import rand_augment as ra
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.data.transforms.rand_augment import OPERATIONS, RandAugment
from mindocr.errors import ConfigError


@pytest.fixture
def image() -> np.ndarray:
    rng = np.random.default_rng(0)
    ramp = np.linspace(30, 200, 64)[None, :, None] * np.array([1.0, 0.6, 0.8])
    return np.clip(ramp + rng.normal(0, 12, (24, 64, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("name", "value", "reference"), [
    ("auto_contrast", 0, lambda i: ImageOps.autocontrast(i)),
    ("equalize", 0, lambda i: ImageOps.equalize(i)),
    ("invert", 0, lambda i: ImageOps.invert(i)),
    ("posterize", 2.0, lambda i: ImageOps.posterize(i, 2)),
    ("solarize", 128, lambda i: ImageOps.solarize(i, 128)),
    ("colour", 0.45, lambda i: ImageEnhance.Color(i).enhance(1.45)),
    ("colour", -0.45, lambda i: ImageEnhance.Color(i).enhance(0.55)),
    ("contrast", 0.45, lambda i: ImageEnhance.Contrast(i).enhance(1.45)),
    ("brightness", -0.45, lambda i: ImageEnhance.Brightness(i).enhance(0.55)),
    ("sharpness", 0.45, lambda i: ImageEnhance.Sharpness(i).enhance(1.45)),
    ("sharpness", -0.45, lambda i: ImageEnhance.Sharpness(i).enhance(0.55)),
])  # fmt: skip
def test_colours_are_those_of_pillow(image, name, value, reference):
    ours = OPERATIONS[name][0](image, value).astype(int)
    theirs = np.asarray(reference(Image.fromarray(image))).astype(int)
    assert np.abs(ours - theirs).max() <= 1  # Pillow rounds some values down, some to the nearest
    assert not np.array_equal(ours, image)


def test_flat_channels_stay():
    flat = np.full((8, 8, 3), (10, 128, 255), np.uint8)
    assert np.array_equal(ra.auto_contrast(flat), flat)
    assert np.array_equal(ra.equalize(flat), flat)


def test_moves_by_hand():
    image = np.zeros((8, 10, 3), np.uint8)
    image[2, 3] = 255
    assert ra.translate_x(image, 0.2)[2, 5, 0] == 255 and ra.translate_x(image, 0.2)[0, 0].tolist() == [128] * 3
    assert ra.translate_y(image, -0.25)[0, 3, 0] == 255
    assert ra.shear_x(image, 1.0)[2, 5, 0] == 255  # row 2 moves by 2
    assert ra.shear_y(image, -0.0)[2, 3, 0] == 255 and ra.shear_y(image, 1.0)[5, 3, 0] == 255  # column 3 moves by 3
    square = np.zeros((9, 9, 3), np.uint8)
    square[4, 8] = 255  # on the right
    assert ra.rotate(square, 90)[0, 4, 0] == 255  # at the top


@pytest.mark.parametrize(("name", "value"), [
    ("shear_x", 0.15), ("shear_y", 0.15), ("translate_x", 0.2266), ("rotate", 15), ("colour", 0.45), ("posterize", 2),
    ("solarize", 128), ("sharpness", 0.45), ("equalize", 0),
])  # fmt: skip
def test_values_at_magnitude_5(name, value):
    op, rng = RandAugment(p=1, layers=40, magnitude=5), np.random.default_rng(1)
    values = {round(each, 4) for name_, each in op.draw(rng, {}) + op.draw(rng, {}) + op.draw(rng, {}) if name_ == name}
    assert {abs(each) for each in values} == {value}
    assert len(values) == (2 if OPERATIONS[name][2] else 1)  # both signs


def test_half_of_the_images_get_two_operations_and_all_occur():
    op, rng = RandAugment(), np.random.default_rng(0)
    drawn = [op.draw(rng, {}) for _ in range(1000)]
    changed = [each for each in drawn if each]
    assert len(changed) == pytest.approx(500, abs=50) and {len(each) for each in changed} == {2}
    assert {name for each in changed for name, _ in each} == set(OPERATIONS)


def test_it_is_repeatable_and_leaves_its_input_alone(image):
    pipeline = Pipeline([{"RandAugment": {"p": 1.0, "layers": 3}}], ["image"], ["image"])
    before = image.copy()
    first, again, other = (pipeline({"image": image}, np.random.default_rng(seed))["image"] for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.array_equal(image, before) and first.shape == image.shape and first.dtype == np.uint8
    for name, (operation, highest, _) in OPERATIONS.items():
        assert operation(image, highest).shape == image.shape, name
    assert np.array_equal(image, before)


def test_mistakes_are_told(image):
    with pytest.raises(ConfigError, match=r"RandAugment: p must be a probability in \[0, 1\], got 2"):
        RandAugment(p=2)
    for arguments in ({"layers": 0}, {"magnitude": 11}):
        with pytest.raises(ConfigError, match="layers must be 1 or more and magnitude between 0 and 10"):
            RandAugment(**arguments)
    with pytest.raises(ConfigError, match="expected a uint8 image, got float32; put it before NormalizeImage"):
        RandAugment().apply({"image": image.astype(np.float32)}, [])
