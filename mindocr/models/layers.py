"""Building blocks that the parts of the detectors share."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Constant, HeNormal, Initializer, Normal

from mindocr.models.global_mean import GlobalMean


def conv(
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, int],
    *,
    stride: int | tuple[int, int] = 1,
    dilation: int = 1,
    groups: int = 1,
    bias: bool = False,
    pad_mode: Literal["centred", "same"] = "centred",
    fan: Literal["fan_in", "fan_out"] = "fan_in",
) -> nn.Conv2d:
    """A convolution with Kaiming-normal weights (gain sqrt 2) and, if any, a zero bias.

    Args:
        kernel_size, stride: one number, or (height, width).
        dilation: distance of the kernel's taps in pixels.
        pad_mode: ``centred`` pads dilation * (kernel_size // 2) on every side; ``same`` pads only what the size
            ceil(size / stride) needs, an odd pixel at the bottom right. They differ at stride 2 and for even kernels:
            weights of one do not suit the other.
        fan: which side of the layer sets the scale of the initial weights.
    """
    tall, wide = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    down, along = dilation * (tall // 2), dilation * (wide // 2)
    border = down if down == along else (down, down, along, along)
    padding = {"pad_mode": "pad", "padding": border} if pad_mode == "centred" else {"pad_mode": "same"}
    return nn.Conv2d(
        in_channels,
        out_channels,
        kernel_size,
        stride=stride,
        dilation=dilation,
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


class ConvNormAct(nn.Cell):
    """A convolution without bias, BatchNorm, and an activation if one is given.

    A depthwise convolution whose strides differ between the axes runs with stride 1 and its result is thinned out,
    which is the same: Ascend's graph engine has no depthwise convolution of unequal strides.

    Args:
        kernel_size, stride, dilation, groups, pad_mode: see :func:`conv`.
        act: activation; None = none.
        fused: the convolution has a bias, and there is no BatchNorm; see :mod:`mindocr.models.fusion`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        stride: int | tuple[int, int] = 1,
        dilation: int = 1,
        groups: int = 1,
        pad_mode: Literal["centred", "same"] = "centred",
        act: nn.Cell | None = None,
        fused: bool = False,
    ) -> None:
        super().__init__()
        down, along = (stride, stride) if isinstance(stride, int) else stride
        self.thinned = groups > 1 and down != along
        self.down, self.along = down, along
        self.conv = conv(
            in_channels,
            out_channels,
            kernel_size,
            stride=1 if self.thinned else stride,
            dilation=dilation,
            groups=groups,
            bias=fused,
            pad_mode=pad_mode,
            fan="fan_out",
        )
        self.bn = None if fused else nn.BatchNorm2d(out_channels)
        self.act = act

    def construct(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.thinned:
            # A gather, because the gradient of a slice with a step fails on CPU.
            x = _every(_every(x, self.down, 2), self.along, 3)
        if self.bn is not None:
            x = self.bn(x)
        return x if self.act is None else self.act(x)


def _every(x: Tensor, step: int, axis: int) -> Tensor:
    """The first of every ``step`` rows or columns."""
    return x if step == 1 else ops.gather(x, ops.arange(0, x.shape[axis], step), axis)


class SteepHardSigmoid(nn.Cell):
    """PaddleOCR's hard-sigmoid: 0.2 x + 0.5, clipped to [0, 1]. MindSpore's ``HSigmoid`` has the slope 1/6."""

    def construct(self, x: Tensor) -> Tensor:
        return ops.clamp(0.2 * x + 0.5, 0.0, 1.0)


class SqueezeExcite(nn.SequentialCell):
    """Scales each channel by a number in [0, 1] that depends on the means of all channels.

    Means, a layer to ``reduced`` channels, ReLU, a layer back to ``channels``, then a hard-sigmoid.

    Args:
        channels: channels of the input.
        reduced: channels in between.
        dense: dense layers and a plain sigmoid instead of 1x1 convolutions and a hard-sigmoid.
        names: what the two layers are called in checkpoints.
        gate: a cell to use instead of the hard-sigmoid relu6(x + 3) / 6.
    """

    def __init__(
        self,
        channels: int,
        reduced: int,
        dense: bool = False,
        names: tuple[str, str] = ("conv_reduce", "conv_expand"),
        gate: nn.Cell | None = None,
    ) -> None:
        first, second = names
        cells: dict[str, nn.Cell] = {
            first: _excite_layer(channels, reduced, dense),
            "relu": nn.ReLU(),
            second: _excite_layer(reduced, channels, dense),
            "gate": gate or (nn.Sigmoid() if dense else nn.HSigmoid()),
        }
        super().__init__(OrderedDict(cells))
        self.dense = dense
        self.mean = GlobalMean()

    def construct(self, x: Tensor) -> Tensor:
        weight = self.mean(x)
        if self.dense:
            weight = weight.squeeze(3).squeeze(2)
        for layer in self.cell_list:
            weight = layer(weight)
        if self.dense:
            weight = weight.expand_dims(2).expand_dims(3)
        return x * weight


def _excite_layer(in_channels: int, out_channels: int, dense: bool) -> nn.Cell:
    if dense:
        return nn.Dense(in_channels, out_channels, weight_init=Normal(0.01), bias_init="zeros")
    return conv(in_channels, out_channels, 1, bias=True, fan="fan_out")


def halve_by_maximum(pad_mode: Literal["centred", "same"]) -> nn.Cell:
    """A 3x3 max pooling of stride 2 for maps that are never negative; ``pad_mode`` as in :func:`conv`."""
    if pad_mode == "same":
        return nn.MaxPool2d(kernel_size=3, stride=2, pad_mode="same")
    # After a ReLU, zeros do not change a maximum; MaxPool2d's own padding cannot be exported with dynamic shapes.
    pad = nn.Pad(((0, 0), (0, 0), (1, 1), (1, 1)))
    return nn.SequentialCell([pad, nn.MaxPool2d(kernel_size=3, stride=2, pad_mode="valid")])


def upsample_nearest(x: Tensor, factor: int, align_corners: bool = False) -> Tensor:
    """Enlarge by copying the nearest pixel: (N, C, H, W) -> (N, C, factor * H, factor * W).

    Written as a broadcast or a gather, because those compile, differentiate and export with static and with dynamic
    shapes and need no operator of a particular device.

    Args:
        factor: 1 or more.
        align_corners: stretch the grid of pixels so that the centres of the corner pixels meet, and round; the pixels
            at the border are then copied fewer than ``factor`` times. For factor 2 both ways return the same.
    """
    if factor == 1:
        return x
    n, c, h, w = x.shape
    if align_corners and factor > 2:
        return ops.gather(ops.gather(x, _aligned_indices(h, factor), 2), _aligned_indices(w, factor), 3)
    repeated = ops.broadcast_to(x.reshape((n, c, h, 1, w, 1)), (n, c, h, factor, w, factor))
    return repeated.reshape((n, c, h * factor, w * factor))


def _aligned_indices(size: int, factor: int) -> Tensor:
    """For each of factor * size pixels the nearest of ``size``: round(i (size - 1) / (factor * size - 1))."""
    last = factor * size - 1
    return (2 * (size - 1) * ops.arange(0, last + 1) + last) // (2 * last)
