"""Model sections of PP-OCRv6's small networks for tests, at the released size and tiny."""

from __future__ import annotations

from typing import Any

import numpy as np
from mindspore import Tensor, nn


def detector(fused: bool, tiny: bool = False) -> dict[str, Any]:
    size = {"channels": [8, 12, 16, 20], "depths": [2, 1, 1, 3]} if tiny else {}
    neck = {"name": "RepLKFPN", "fused": fused, "out_channels": 16 if tiny else 96}
    return {
        "type": "det",
        "backbone": {"name": "pplcnet_v4", "form": "det", "fused": fused, **size},
        "neck": neck,
        "head": {"name": "DBHead", "fused": fused},
    }


def recogniser(fused: bool, tiny: bool = False) -> dict[str, Any]:
    size = {"channels": [8, 12, 16], "depths": [2, 1, 1]} if tiny else {}
    return {
        "type": "rec",
        "backbone": {"name": "pplcnet_v4", "form": "rec", "fused": fused, **size},
        "neck": {"name": "LightSVTRNeck", "hidden": 16 if tiny else 120},
        "head": {"name": "CTCHead", "out_channels": 9 if tiny else 18710},
    }


def randomise(network: nn.Cell, seed: int = 0) -> nn.Cell:
    """Give every BatchNorm statistics and factors as after training; biases other than 0."""
    rng = np.random.default_rng(seed)
    for parameter in network.get_parameters():
        last = parameter.name.rsplit(".", 1)[-1]
        if last in ("gamma", "moving_variance"):
            parameter.set_data(Tensor(rng.uniform(0.5, 1.5, parameter.shape).astype(np.float32)))
        elif last == "scale":  # of a sum of several branches
            parameter.set_data(Tensor(rng.uniform(0.2, 0.4, parameter.shape).astype(np.float32)))
        elif last == "bias":  # positive, so that the few channels of a tiny squeeze-and-excitation pass the ReLU
            parameter.set_data(Tensor(rng.uniform(0.5, 1, parameter.shape).astype(np.float32)))
        elif last in ("beta", "moving_mean"):
            parameter.set_data(Tensor(rng.uniform(-0.5, 0.5, parameter.shape).astype(np.float32)))
    return network
