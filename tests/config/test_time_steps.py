"""Time steps of a recogniser, stated without building it."""

import pytest

from mindocr.config.time_steps import time_steps

LCNET = {"name": "rec_lcnet"}


@pytest.mark.parametrize(
    ("backbone", "width", "steps"),
    [
        (LCNET, 320, 40), (LCNET, 97, 12), (LCNET, 101, 13), ({**LCNET, "last_stride": [1, 1]}, 320, 80),
        ({"name": "rec_mobilenet_v3"}, 101, 25), ({"name": "pplcnet_v3", "form": "rec"}, 421, 53),
        ({"name": "pplcnet_v4", "form": "rec"}, 62, 8), ({"name": "pplcnet_v4"}, 320, None),
        ({"name": "det_resnet18"}, 320, None), ({"name": "unknown"}, 320, None), (None, 320, None),
    ],
)  # fmt: skip
def test_steps_of_a_backbone(backbone, width, steps):
    assert time_steps({"backbone": backbone}, width) == steps


def test_of_several_networks_the_smallest_counts():
    networks = {"a": {"backbone": {**LCNET, "last_stride": [1, 1]}}, "b": {"backbone": LCNET}}
    assert time_steps({"networks": networks}, 320) == 40
    assert time_steps({"networks": {**networks, "c": {"backbone": {"name": "det_resnet18"}}}}, 320) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rec_lcnet", "rec_mobilenet_v3", "pplcnet_v3", "pplcnet_v4"])
def test_they_are_those_of_the_network(name):
    import mindspore as ms
    import numpy as np

    from mindocr.registry import BACKBONES

    form = {"form": "rec", "fused": True} if name.startswith("pplcnet") else {}
    backbone = BACKBONES.build({"name": name, **form})
    backbone.set_train(False)
    for width in (97, 101):
        height = 32 if name == "rec_mobilenet_v3" else 48
        features = backbone(ms.Tensor(np.zeros((1, 3, height, width), np.float32)))
        assert features.shape[-1] == time_steps({"backbone": {"name": name, **form}}, width)
