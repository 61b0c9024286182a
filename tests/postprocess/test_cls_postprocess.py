"""The most probable class."""

import numpy as np
import pytest

from mindocr.errors import ConfigError
from mindocr.postprocess.classification import ClsPostprocess
from mindocr.predictions.classification import Classification


def test_the_highest_probability_wins():
    probs = np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    assert ClsPostprocess()(probs) == [Classification("180", 0.75), Classification("0", 0.5)]
    assert ClsPostprocess([0, 90, 180])(np.eye(3, dtype=np.float32)[1:2]) == [Classification("90", 1.0)]
    assert ClsPostprocess()(np.zeros((0, 2), np.float32)) == []


@pytest.mark.parametrize("labels", [["0"], ["0", 0], []])
def test_names_must_differ(labels):
    with pytest.raises(ConfigError, match="label_list .*: expected two or more different names"):
        ClsPostprocess(labels)


def test_the_network_has_another_number_of_classes():
    with pytest.raises(ConfigError, match="the network has 4 classes, but label_list has 2: 0, 180; make"):
        ClsPostprocess()(np.zeros((1, 4), np.float32))
