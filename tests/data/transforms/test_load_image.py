import cv2
import numpy as np
import pytest
from PIL import Image

from mindocr.data.transforms.load import DecodeImage
from mindocr.errors import ConfigError, DataError
from mindocr.images.read import read_image
from mindocr.registry import TRANSFORMS

# Rotation of the stored pixels by a viewer for each EXIF orientation.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.fixture
def blocks() -> np.ndarray:
    """(32, 64, 3) RGB of large plain blocks, which JPEG hardly changes; no symmetry."""
    image = np.zeros((32, 64, 3), dtype=np.uint8)
    image[:16, :16] = (250, 10, 10)
    image[:16, 16:48] = (10, 250, 10)
    image[16:, 48:] = (10, 10, 250)
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientations(tmp_path, blocks, orientation):
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(blocks).save(path, quality=100, subsampling=0, exif=exif)
    upright = UPRIGHT[orientation](blocks).astype(int)
    assert abs(read_image(path) - upright).mean() < 3
    assert abs(read_image(path, ignore_orientation=True) - blocks.astype(int)).mean() < 3


def test_channels_in_either_order(tmp_path, blocks):
    path = tmp_path / "a.png"
    Image.fromarray(blocks).save(path)
    np.testing.assert_array_equal(read_image(path), blocks)
    np.testing.assert_array_equal(read_image(path, rgb=False), blocks[..., ::-1])


def test_grey_alpha_and_16_bits(tmp_path, blocks):
    grey, alpha, deep = (tmp_path / name for name in ("grey.png", "alpha.png", "deep.png"))
    cv2.imwrite(str(grey), blocks[..., 1])
    np.testing.assert_array_equal(read_image(grey), np.repeat(blocks[..., 1:2], 3, axis=2))
    Image.fromarray(np.dstack([blocks, np.full((32, 64), 255, np.uint8)])).save(alpha)
    np.testing.assert_array_equal(read_image(alpha), blocks)
    cv2.imwrite(str(deep), blocks[..., ::-1].astype(np.uint16) * 256)
    assert read_image(deep).dtype == np.uint8
    assert abs(read_image(deep) - blocks.astype(int)).max() <= 1


def test_missing_empty_broken_and_cut_files(tmp_path, blocks):
    path = tmp_path / "a.jpg"
    with pytest.raises(DataError, match="a.jpg: cannot read this image: No such file or directory"):
        read_image(path)
    with pytest.raises(DataError, match="cannot read this image: Is a directory"):
        read_image(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"a.jpg: this image file is empty \(0 bytes\)"):
        read_image(path)
    path.write_bytes(b"GIF87 or not")
    with pytest.raises(
        DataError, match=r"a.jpg: not an image that OpenCV can decode \(12 bytes, beginning with b'GIF87"
    ):
        read_image(path)
    Image.fromarray(blocks).save(path, exif=preview())
    whole = path.read_bytes()
    read_image(path)
    for end in (len(whole) - 2, len(whole) - 60):
        path.write_bytes(whole[:end])
        with pytest.raises(
            DataError, match=f"this JPEG ends before its end marker, after {end} bytes: it was cut short"
        ):
            read_image(path)
    path.write_bytes(whole[:3])
    with pytest.raises(DataError, match="cut short"):
        read_image(path)


def preview() -> Image.Exif:
    """EXIF data with an end-of-image marker inside, like those with a preview."""
    exif = Image.Exif()
    exif[0x010E] = "\xff\xd8 \xff\xd9".encode("latin-1")
    return exif


def test_bytes_after_the_end_do_no_harm(tmp_path, blocks):
    path = tmp_path / "a.jpg"
    Image.fromarray(blocks).save(path)
    path.write_bytes(path.read_bytes() + b"\0" * 5000)
    assert read_image(path).shape == (32, 64, 3)


def test_op_options(tmp_path, blocks):
    path = tmp_path / "a.png"
    Image.fromarray(blocks).save(path)
    sample = {"img_path": str(path)}
    np.testing.assert_array_equal(DecodeImage()(sample)["image"], blocks[..., ::-1])
    op = DecodeImage(img_mode="RGB", channel_first=True, to_float32=True, keep_ori=True)
    assert op.writes == ("image", "image_ori") and DecodeImage().writes == ("image",)
    decoded = op(sample)
    np.testing.assert_array_equal(decoded["image"], blocks.transpose(2, 0, 1).astype(np.float32))
    assert decoded["image"].dtype == np.float32
    np.testing.assert_array_equal(decoded["image_ori"], blocks)
    assert list(sample) == ["img_path"]


def test_transparent_parts_get_the_chosen_background(tmp_path, blocks):
    path = tmp_path / "a.png"
    opacity = np.full((32, 64), 255, np.uint8)
    opacity[:, :20] = 0
    Image.fromarray(np.dstack([blocks, opacity])).save(path)
    sample = {"img_path": str(path)}
    for alpha, behind in (("white", 255), ("black", 0), ([9, 8, 7], (9, 8, 7))):
        expected = np.where(opacity[..., None] == 0, np.uint8(behind), blocks)
        np.testing.assert_array_equal(DecodeImage(img_mode="RGB", alpha=alpha)(sample)["image"], expected)
        np.testing.assert_array_equal(DecodeImage(alpha=alpha)(sample)["image"], expected[..., ::-1])
        np.testing.assert_array_equal(read_image(path, alpha=alpha), expected)
    np.testing.assert_array_equal(DecodeImage("RGB", alpha="drop")(sample)["image"], blocks)


@pytest.mark.parametrize("alpha", ["blue", [1, 2], [0, 0, 256], [0.5, 0, 0]])
def test_another_background_is_refused_with_its_key(alpha):
    ((key, text),) = TRANSFORMS.check("DecodeImage", {"alpha": alpha})
    assert key.startswith("alpha") and repr(alpha) in text
    with pytest.raises(ConfigError, match=r"alpha: expected white, black, drop or a colour \[red, green, blue\]"):
        DecodeImage(alpha=alpha)


def test_a_cache_separates_backgrounds(tmp_path, blocks):
    path = tmp_path / "a.png"
    Image.fromarray(np.dstack([blocks, np.zeros((32, 64), np.uint8)])).save(path)
    cache = PixelCache()
    for alpha, value in (("white", 255), ("black", 0), ("white", 255)):
        op = DecodeImage(alpha=alpha)
        op.cache = cache
        assert (op({"img_path": str(path)})["image"] == value).all()
    assert len(cache.held) == 2


class PixelCache:
    holds_pixels = True

    def __init__(self):
        self.held = {}

    def get(self, path, form):
        return self.held.get((path, form))

    def put(self, path, form, content):
        self.held[path, form] = content


def test_photographs_agree_with_another_decoder(shared_dir):
    files = sorted((shared_dir / "data" / "icdar2015" / "test" / "images").glob("*.jpg"))[:2]
    assert files
    for file in files:
        theirs = np.asarray(Image.open(file).convert("RGB")).astype(int)
        assert abs(read_image(file) - theirs).mean() < 1
