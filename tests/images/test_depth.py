"""Values of other types as 8-bit values."""

import numpy as np
import pytest

from mindocr.images.depth import to_eight_bits


@pytest.mark.parametrize(
    ("values", "expected", "meaning"),
    [
        (np.array([0, 7, 255], np.uint8), [0, 7, 255], ""),
        (np.array([0, 256, 65535], np.uint16), [0, 1, 255], ""),
        (np.array([0, 200, 51400], np.uint16), [0, 0, 200], ""),
        (np.array([0, 200, 255], np.uint16), [0, 200, 255], "at most 255; they are read as 8-bit values"),
        (np.array([0, 16, 4095], np.uint16), [0, 1, 255], "at most 4095; they are read as 12-bit values"),
        (np.array([0, 16, 4096], np.uint16), [0, 0, 16], ""),
        (np.array([0, 0], np.uint16), [0, 0], ""),
        (np.array([-5, 0, 32767], np.int16), [0, 0, 255], ""),
        (np.array([-5, 200], np.int16), [0, 200], "at most 200; they are read as 8-bit values"),
        (np.array([0, 65535], np.int32), [0, 255], ""),
        (np.array([0, 2**31 - 1], np.int32), [0, 255], ""),
        (np.array([-1, 127], np.int8), [0, 254], ""),
        (np.array([np.nan, -1, 0.5, 1.0, 1.2], np.float32), [0, 0, 128, 255, 255], "read as fractions of white"),
        (np.array([0.0, 99.6, np.inf]), [0, 100, 255], "read as 8-bit values"),
        (np.array([0.0, 257.0, 65535.0]), [0, 1, 255], "read as 16-bit values"),
        (np.zeros((0,), np.uint16), [], ""),
    ],
)
def test_each_type(values, expected, meaning):
    found, told = to_eight_bits(values)
    assert found.dtype == np.uint8 and found.tolist() == expected
    assert meaning in told and bool(meaning) == bool(told)
