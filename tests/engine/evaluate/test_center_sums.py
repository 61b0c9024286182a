"""Sums of the features of lines that are read right."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.engine.evaluate.class_centers import CenterSums, Exported
from mindocr.errors import UserError


def line(classes, count=4):
    logits = np.zeros((len(classes), count), np.float32)
    logits[np.arange(len(classes)), classes] = 1
    features = np.array([[10 * t, c] for t, c in enumerate(classes)], np.float32)
    return logits, features


def test_right_lines_are_averaged_by_the_class_of_each_step(tmp_path):
    sums = CenterSums(4)
    sums.add(*line([1, 1, 0, 1, 2]), text=[1, 1, 2])
    sums.add(*line([0, 2, 0]), text=[2])
    sums.add(*line([3, 3, 0]), text=[3, 3])  # read as one character
    assert (sums.read, sums.right) == (3, 2)
    assert sums.counts.tolist() == [3, 3, 2, 0]
    np.testing.assert_allclose(sums.centers(), [[40 / 3, 0], [40 / 3, 1], [25, 2], [0, 0]], rtol=1e-6)
    text = Exported(tmp_path / "c.npz", sums.counts, sums.read, sums.right).summary()
    assert "centers of 2 of 3 characters from 5 time steps of characters, and of the blank from 3" in text
    assert "2 of 3 lines were read right" in text and "the 1 characters without a center" in text


def test_without_a_right_line_there_are_no_centers():
    sums = CenterSums(4)
    sums.add(*line([1, 0]), text=[2])
    with pytest.raises(UserError, match="none of 1 lines is read right"):
        sums.centers()
