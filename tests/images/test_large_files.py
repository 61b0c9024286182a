"""Large image files are decoded into their array, with the same pixels."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mindocr.errors import DataError
from mindocr.images import read
from mindocr.images.read import read_image


@pytest.fixture
def image():
    return cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (60, 90, 3), np.uint8), (0, 0), 3)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif"])
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("rgb", [True, False])
def test_the_pixels_are_the_same(tmp_path, monkeypatch, image, suffix, orientation, rgb):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(image).save(path, **({} if suffix == ".bmp" else {"exif": exif}))
    expected = read_image(path, rgb=rgb)
    used = []
    monkeypatch.setattr(read, "_LARGE", 1)
    monkeypatch.setattr(cv2, "imread", lambda *args, real=cv2.imread: used.append(args[0]) or real(*args))
    np.testing.assert_array_equal(read_image(path, rgb=rgb), expected)
    assert used or suffix != ".jpg"


def test_a_damaged_file(tmp_path, monkeypatch, image):
    monkeypatch.setattr(read, "_LARGE", 1)
    path = tmp_path / "photo.jpg"
    cv2.imwrite(str(path), image)
    content = path.read_bytes()
    path.write_bytes(content[:700] + content[-2:])
    usual = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB)
    np.testing.assert_array_equal(read_image(path), usual)


def test_the_limit_of_large_images(tmp_path, image):
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), image)
    with pytest.raises(
        DataError, match=r"above the limit of 5399; make the image smaller, or raise max_pixels of D\w+"
    ):
        read_image(path, max_pixels=5399)
    assert read_image(path, max_pixels=5400).shape == image.shape
