"""Options with which weights of PyTorch and MMOCR compute the same as there."""

import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.registry import BACKBONES, NECKS


def test_the_stems_pooling_pads_on_all_sides():
    pool = BACKBONES.build({"name": "det_resnet18", "pad_mode": "centred"}).max_pool
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(pool(Tensor(x)).asnumpy()[0, 0], [[5, 7], [13, 15]])


def test_depthwise_convolutions_pad_on_all_sides():
    backbone = BACKBONES.build({"name": "det_mobilenet_v3", "pad_mode": "centred"})
    depthwise = [cell for _, cell in backbone.cells_and_names() if getattr(cell, "group", 1) > 1]
    assert len(depthwise) == 15
    assert {(cell.pad_mode, cell.padding) for cell in depthwise} == {("pad", 1), ("pad", 2)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["det_resnet18", "det_mobilenet_v3"])
def test_padding_changes_no_name_and_exports(name, image, reload_difference):
    same, centred = BACKBONES.build({"name": name}), BACKBONES.build({"name": name, "pad_mode": "centred"})
    assert list(dict(same.parameters_and_names())) == list(dict(centred.parameters_and_names()))
    x = image(1, 64, 96)
    assert [m.shape for m in centred(x)] == [m.shape for m in same(x)]
    assert reload_difference(centred, [None, 3, None, None], x, image(2, 32, 64)) == 0


def test_attention_channels():
    neck = NECKS.build({"name": "DBFPN", "use_asf": True, "attention_channels": 24}, in_channels=[8, 16, 24, 32])
    assert neck.fuse.conv.weight.shape == (24, 256, 3, 3)
    with pytest.raises(ConfigError, match="attention_channels 3: at least 4 are needed"):
        NECKS.build({"name": "DBFPN", "use_asf": True, "attention_channels": 3}, in_channels=[8, 16, 24, 32])
