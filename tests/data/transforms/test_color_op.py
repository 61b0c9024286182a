import numpy as np
import pytest

from mindocr.data.transforms.color import RandomColorAdjust
from mindocr.errors import ConfigError


def test_factors_by_hand():
    image = np.array([[[100, 50, 200], [0, 0, 0], [255, 255, 255]]], dtype=np.uint8)
    op = RandomColorAdjust()
    grey = 0.299 * 100 + 0.587 * 50 + 0.114 * 200
    half = op.apply({"image": image}, (1.2, 0.5))["image"][0]
    np.testing.assert_allclose(half[0], [1.2 * (0.5 * v + 0.5 * grey) for v in (100, 50, 200)], atol=0.51)
    np.testing.assert_array_equal(half[1], 0)
    np.testing.assert_array_equal(half[2], 255)
    np.testing.assert_array_equal(op.apply({"image": image}, (1.0, 1.0))["image"], image)
    np.testing.assert_allclose(op.apply({"image": image}, (1.0, 0.0))["image"][0, 0], round(grey))
    np.testing.assert_array_equal(image[0, 0], [100, 50, 200])


def test_float_images_stay_in_range():
    image = np.array([[[250.0, 1.0, 2.0]]], dtype=np.float32)
    bright = RandomColorAdjust().apply({"image": image}, (1.5, 1.5))["image"]
    assert bright.dtype == np.float32 and bright.min() >= 0 and bright.max() <= 255


def test_draws_lie_in_their_ranges(rng):
    draws = np.array([RandomColorAdjust(0.1255, 1.5).draw(rng, {}) for _ in range(200)])
    assert draws[:, 0].min() >= 1 - 0.1255 and draws[:, 0].max() <= 1.1255
    assert draws[:, 1].min() >= 0 and 2.3 < draws[:, 1].max() <= 2.5


def test_negative_strength():
    with pytest.raises(ConfigError, match="RandomColorAdjust: saturation must be 0 or more, got -1"):
        RandomColorAdjust(saturation=-1)
