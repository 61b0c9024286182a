"""Images with opacity over a background."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.errors import ConfigError
from mindocr.images.alpha import background, composite


def test_options():
    assert background("white") == (255, 255, 255) and background("black") == (0, 0, 0)
    assert background("drop") is None and background([1, 2, 3]) == (1, 2, 3)
    with pytest.raises(ConfigError, match="alpha: expected white, black, drop or a colour .* got 'grey'"):
        background("grey")


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_every_pixel_is_a_weighted_mean(colour, opacity, behind):
    found = composite(np.full((1, 1, 3), colour, np.uint8), np.full((1, 1), opacity, np.uint8), (behind,) * 3)
    exact = (colour * opacity + behind * (255 - opacity)) / 255
    assert found.dtype == np.uint8 and abs(found[0, 0, 0] - exact) <= 0.5


def test_by_hand():
    colours = np.array([[[200, 100, 0], [200, 100, 0], [200, 100, 0]]], np.uint8)
    opacity = np.array([[0, 255, 51]], np.uint8)  # 51 = a fifth
    np.testing.assert_array_equal(
        composite(colours, opacity, (255, 155, 50)), [[[255, 155, 50], [200, 100, 0], [244, 144, 40]]]
    )
    multiplied = np.array([[[0, 0, 0], [200, 100, 0], [40, 20, 0]]], np.uint8)
    np.testing.assert_array_equal(
        composite(multiplied, opacity, (255, 155, 50), premultiplied=True), composite(colours, opacity, (255, 155, 50))
    )
    np.testing.assert_array_equal(composite(colours, np.full((1, 3), 255, np.uint8), (0, 0, 0)), colours)
