"""Views of whole images: random parts and the centre, at one size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.data.transforms.view import CenterCrop, RandomResizedCrop, resample
from mindocr.errors import ConfigError


def columns(h, w):
    """An image in which each pixel is its column."""
    return np.broadcast_to(np.arange(w, dtype=np.uint8)[None, :, None], (h, w, 3)).copy()


def test_a_window_by_hand():
    """Columns 2 to 5 of 8, at the same size; mirrored from right to left."""
    op = RandomResizedCrop(size=[4, 4])
    image = columns(4, 8)
    whole = op.apply({"image": image}, ((2.0, 0.0, 6.0, 4.0), False))["image"]
    assert whole[0, :, 0].tolist() == [2, 3, 4, 5]
    mirrored = op.apply({"image": image}, ((2.0, 0.0, 6.0, 4.0), True))["image"]
    assert mirrored[0, :, 0].tolist() == [5, 4, 3, 2] and mirrored.flags.c_contiguous
    assert image[0, :, 0].tolist() == list(range(8))


def test_reducing_takes_means():
    """Stripes of 0 and 100 become their mean, not one of them."""
    stripes = np.zeros((4, 8, 3), np.uint8)
    stripes[:, ::2] = 100
    assert resample(stripes, (0, 0, 8, 4), (2, 4)).tolist() == np.full((2, 4, 3), 50).tolist()


def test_the_centre_by_hand():
    """Of 4 x 8 pixels the square of 4 x 4 in the middle; half of it each way with share 0.5."""
    assert CenterCrop([4, 4], share=1.0)({"image": columns(4, 8)})["image"][0, :, 0].tolist() == [2, 3, 4, 5]
    assert CenterCrop([2, 2], share=0.5)({"image": columns(4, 8)})["image"][0, :, 0].tolist() == [3, 4]


@given(
    h=st.integers(1, 60),
    w=st.integers(1, 60),
    seed=st.integers(0, 1000),
    low=st.floats(0.01, 1),
    tall=st.floats(0.1, 3),
)
def test_windows_are_inside_and_of_the_drawn_area(h, w, seed, low, tall):
    op = RandomResizedCrop([8, 12], [low, 1.0], [tall, 2 * tall])
    sample = {"image": np.zeros((h, w, 3), np.uint8)}
    window, mirrored = op.draw(np.random.default_rng(seed), sample)
    x0, y0, x1, y1 = window
    assert -1e-9 <= x0 < x1 <= w + 1e-9 and -1e-9 <= y0 < y1 <= h + 1e-9
    if x1 - x0 < w and y1 - y0 < h:  # nothing was cut off
        assert low * h * w * 0.999 <= (x1 - x0) * (y1 - y0) <= h * w * 1.001
        assert tall * 0.999 <= (x1 - x0) / (y1 - y0) <= 2 * tall * 1.001
    assert op.apply(sample, (window, mirrored))["image"].shape == (8, 12, 3)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: RandomResizedCrop([224]), r"size: expected two sides \[h, w\] in pixels, got \[224\]"),
        (lambda: RandomResizedCrop(area=[0, 1]), r"area: expected \[low, high\], 0 < low <= high <= 1, got \[0, 1\]"),
        (lambda: RandomResizedCrop(ratio=[2, 1]), r"ratio: expected \[low, high\], 0 < low <= high, got \[2, 1\]"),
        (lambda: CenterCrop(share=0), "share 0: expected a number above 0"),
    ],
)
def test_mistakes(build, message):
    with pytest.raises(ConfigError, match=message):
        build()
