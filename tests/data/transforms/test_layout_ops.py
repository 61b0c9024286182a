import numpy as np
import pytest

from mindocr.data.transforms.layout import IMAGENET_MEAN, IMAGENET_STD, NormalizeImage, ToCHWImage, split_normalization
from mindocr.errors import ConfigError


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)


def test_imagenet_values(image):
    expected = (image.astype(np.float64) - IMAGENET_MEAN) / IMAGENET_STD
    sample = NormalizeImage(mean="imagenet", std="imagenet")({"image": image})
    assert sample["image"].dtype == np.float32
    np.testing.assert_allclose(sample["image"], expected, rtol=1e-5, atol=1e-6)
    floats = NormalizeImage()({"image": image.astype(np.float32)})["image"]
    np.testing.assert_array_equal(floats, sample["image"])


def test_channels_are_swapped_before_the_mean_is_taken(image):
    values = {"mean": [1.0, 2.0, 3.0], "std": [1.0, 2.0, 4.0]}
    expected = (image[..., ::-1].astype(np.float64) - values["mean"]) / values["std"]
    for swap in ("bgr_to_rgb", "rgb_to_bgr"):
        np.testing.assert_allclose(
            NormalizeImage(**values, **{swap: True})({"image": image})["image"], expected, rtol=1e-6
        )


def test_planes_first(image):
    planes = image.transpose(2, 0, 1)
    hwc = NormalizeImage()({"image": image})["image"]
    np.testing.assert_array_equal(NormalizeImage(is_hwc=False)({"image": planes})["image"], hwc.transpose(2, 0, 1))


def test_chw_is_contiguous(image):
    np.testing.assert_array_equal(ToCHWImage()({"image": image})["image"], image.transpose(2, 0, 1))
    normal = NormalizeImage()({"image": image})["image"]
    planes = ToCHWImage()({"image": normal})["image"]
    assert planes.flags["C_CONTIGUOUS"] and planes.shape == (3, 30, 40)
    assert np.shares_memory(planes, normal)  # nothing was copied


def test_wrong_arguments():
    with pytest.raises(ConfigError, match="bgr_to_rgb and rgb_to_bgr cancel each other"):
        NormalizeImage(bgr_to_rgb=True, rgb_to_bgr=True)
    with pytest.raises(ConfigError, match=r"mean must be 'imagenet' or three numbers, got \[1.0\]"):
        NormalizeImage(mean=[1.0])
    with pytest.raises(ConfigError, match="std must be three values above 0"):
        NormalizeImage(std=[1.0, 0.0, 1.0])
    with pytest.raises(ConfigError, match=r"expected an image \(H, W, 3\)"):
        ToCHWImage()({"image": np.zeros((3, 4, 5))})


NORMALIZE = {"NormalizeImage": {"mean": [1, 2, 3], "std": [4, 5, 6], "bgr_to_rgb": True}}


def test_normalisation_is_taken_off_the_end():
    ops, op = split_normalization([{"DecodeImage": {"img_mode": "BGR"}}, NORMALIZE, {"ToCHWImage": None}])
    assert ops == [{"DecodeImage": {"img_mode": "BGR"}}]
    assert (op.mean, op.std, op.swap) == ((1, 2, 3), (4, 5, 6), True)


@pytest.mark.parametrize("specs", [
    ["DecodeImage", "ToCHWImage", "NormalizeImage"],
    ["DecodeImage", "NormalizeImage", "ToCHWImage", "ValidatePolygons"],
    [{"DecodeImage": {"to_float32": True}}, "NormalizeImage", "ToCHWImage"],
    ["DecodeImage"],
    [],
])  # fmt: skip
def test_other_pipelines_stay_whole(specs):
    assert split_normalization(specs) == (specs, None)
