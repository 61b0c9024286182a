"""Intervals."""

import pytest

from mindocr.metrics.interval import of_mean, wilson


def test_wilson_by_hand():
    # p = 0.8, n = 10, z^2 = 3.8415: (0.8 + 0.192073 +- 1.959964 sqrt(0.016 + 0.0096036)) / 1.38415
    assert wilson(8, 10) == (pytest.approx(0.49016, abs=1e-5), pytest.approx(0.94332, abs=1e-5))
    assert wilson(0, 0) == (0, 1)
    low, high = wilson(5, 5)
    assert 0.56 < low < 0.57 and high == 1


def test_mean_by_hand():
    # values 0.4, 0.6, 0.8: mean 0.6, variance 0.04
    low, high = of_mean(1.8, 0.16 + 0.36 + 0.64, 3)
    half = 1.959964 * (0.04 / 3) ** 0.5
    assert (low, high) == (pytest.approx(0.6 - half), pytest.approx(0.6 + half))
    assert of_mean(1.0, 1.0, 1) == (0, 1)
    assert of_mean(3.0, 3.0, 3) == (1, 1)
