"""Building blocks that the parts of the detectors share."""

from __future__ import annotations

from typing import Literal

from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Constant, HeNormal, Initializer


def conv(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    stride: int = 1,
    groups: int = 1,
    bias: bool = False,
    pad_mode: Literal["centred", "same"] = "centred",
    fan: Literal["fan_in", "fan_out"] = "fan_in",
) -> nn.Conv2d:
    """A convolution with Kaiming-normal weights (gain sqrt 2) and, if any, a zero bias.

    Args:
        pad_mode: ``centred`` pads kernel_size // 2 on every side; ``same`` pads as little as keeps ceil(size / stride),
            the odd pixel at the bottom right. They differ at stride 2: weights trained with one do not suit the other.
        fan: which side of the layer sets the scale of the initial weights.
    """
    padding = {"pad_mode": "pad", "padding": kernel_size // 2} if pad_mode == "centred" else {"pad_mode": "same"}
    return nn.Conv2d(
        in_channels,
        out_channels,
        kernel_size,
        stride=stride,
        group=groups,
        has_bias=bias,
        weight_init=HeNormal(mode=fan, nonlinearity="relu"),
        bias_init="zeros",
        **padding,
    )


def double_size(
    in_channels: int, out_channels: int, weight_init: Initializer | None = None, bias: float = 0.0
) -> nn.Conv2dTranspose:
    """A 2x2 transposed convolution of stride 2: (N, in, H, W) -> (N, out, 2H, 2W), with bias.

    Args:
        weight_init: default Kaiming-normal over the input channels.
        bias: initial value.
    """
    return nn.Conv2dTranspose(
        in_channels,
        out_channels,
        2,
        stride=2,
        pad_mode="valid",
        has_bias=True,
        weight_init=weight_init or HeNormal(mode="fan_in", nonlinearity="relu"),
        bias_init=Constant(bias),
    )


def upsample_nearest(x: Tensor, factor: int) -> Tensor:
    """Repeat every pixel ``factor`` times in both directions: (N, C, H, W) -> (N, C, factor * H, factor * W).

    Written as a broadcast, because that compiles, differentiates and exports with static and with dynamic shapes and
    needs no operator of a particular device.
    """
    if factor == 1:
        return x
    n, c, h, w = x.shape
    repeated = ops.broadcast_to(x.reshape((n, c, h, 1, w, 1)), (n, c, h, factor, w, factor))
    return repeated.reshape((n, c, h * factor, w * factor))
