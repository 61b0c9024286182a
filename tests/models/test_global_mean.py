"""Global means that leave out padding: by hand, and in whole detectors."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.models.builder import build_model
from mindocr.models.global_mean import GlobalMean, leave_out_padding
from mindocr.models.layers import SqueezeExcite
from mindocr.models.network_runner import NetworkRunner


def test_means_by_hand(mode):
    x = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4).repeat(2, axis=0)
    layer = GlobalMean()
    assert layer(Tensor(x)).asnumpy().ravel().tolist() == [5.5, 5.5]
    layer = GlobalMean()
    inside = leave_out_padding(layer, 2)
    assert inside is layer.inside
    assert layer(Tensor(x)).asnumpy().ravel().tolist() == [5.5, 5.5]
    inside.set_data(Tensor([[2 / 3, 0.5], [1.0, 0.25]], ms.float32))
    # 0, 1, 4, 5 of the one; the first column, 0, 4, 8, of the other
    assert layer(Tensor(x)).asnumpy().ravel().tolist() == [2.5, 4.0]


def test_a_cell_that_the_image_covers_to_a_half_counts():
    layer = GlobalMean()
    inside = leave_out_padding(layer, 1)
    x = Tensor(np.array([[[[1.0, 3.0, 8.0, 8.0]]]], np.float32))
    for share, mean in ((0.5, 2.0), (0.4, 2.0), (0.3, 1.0), (0.65, 4.0)):
        inside.set_data(Tensor([[1.0, share]], ms.float32))
        assert layer(x).asnumpy().item() == mean


def test_a_network_without_global_means_is_left_alone():
    config = {
        "backbone": {"name": "det_resnet18"},
        "neck": {"name": "DBFPN", "out_channels": 16},
        "head": {"name": "DBHead"},
    }
    assert leave_out_padding(build_model(config), 1) is None


NETWORKS = {
    "PP-OCRv3": {
        "backbone": {"name": "det_mobilenet_v3_enhance", "architecture": "large", "alpha": 0.5, "disable_se": True},
        "neck": {"name": "RSEFPN", "out_channels": 16, "shortcut": True, "origin": "paddleocr"},
    },
    "MobileNetV3, excitation of dense layers": {
        "backbone": {"name": "det_mobilenet_v3", "architecture": "small", "alpha": 0.5,
                     "bottleneck_params": {"se_version": "SqueezeExciteV2"}},
        "neck": {"name": "DBFPN", "out_channels": 16},
    },
    "DBNet++": {
        "backbone": {"name": "det_mobilenet_v3", "architecture": "small", "alpha": 0.5},
        "neck": {"name": "DBFPN", "out_channels": 64, "use_asf": True},
    },
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_the_map_of_a_padded_image_is_that_of_the_image_but_for_its_border(name):
    ms.set_seed(1)
    rng = np.random.default_rng(0)
    network = build_model({**NETWORKS[name], "head": {"name": "DBHead"}})
    for _, cell in network.cells_and_names():  # random layers of excitation change little
        if isinstance(cell, SqueezeExcite) or hasattr(cell, "chan_att"):
            for parameter in getattr(cell, "chan_att", cell).get_parameters():
                parameter.set_data(parameter * 30)
    alone = NetworkRunner(network)
    images = rng.normal(size=(2, 3, 320, 320)).astype(np.float32) * 2
    expected = alone(images)["prob"]
    big = np.full((2, 3, 512, 448), -2.0, np.float32)
    big[:, :, :320, :320] = images
    plain = alone(big)["prob"]
    padded = NetworkRunner(network)
    assert padded.leave_out_padding(2)
    found = padded(big, np.array([[320 / 512, 320 / 448]] * 2, np.float32))["prob"]
    with_padding, without = (
        max(float(np.abs(a[0, :96, :96] - b[0, :96, :96]).max()) for a, b in zip(each, expected))
        for each in (plain, found)
    )
    assert without < 0.6 * with_padding and with_padding > 1e-6
    assert np.abs(padded(images)["prob"][0] - expected[0]).max() < 1e-5, "with nothing to leave out, all counts"
