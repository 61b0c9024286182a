"""Depthwise convolutions that have several branches in training and are one convolution in evaluation.

In evaluation a BatchNorm is a scale and a shift of each channel, so a sum of convolutions of one input is one
convolution with a bias (RepVGG, CVPR 2021, "Re-param for Plain Inference-time Model"). Networks are trained in the form
with branches; :func:`mindocr.models.fusion.fused_weights` computes the weights of the form that is used afterwards.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mindspore import Tensor, nn

from mindocr.models.fold import Fused, centred, fold, scale_of, spread, values
from mindocr.models.layers import ConvNormAct, conv


class RepDepthwise(nn.Cell):
    """A depthwise 3x3 convolution of stride 1, in training BN(BN(3x3(x)) + 1x1(x) + x).

    Args:
        channels: of the input and the output.
        fused: build the single convolution, which has a bias.
    """

    def __init__(self, channels: int, fused: bool = False) -> None:
        super().__init__()
        self.conv = conv(channels, channels, 3, groups=channels, bias=True, fan="fan_out") if fused else None
        # None in the fused form; construct and fuse never use these then
        self.wide: Any = None if fused else ConvNormAct(channels, channels, 3, groups=channels)
        self.point: Any = None if fused else conv(channels, channels, 1, groups=channels, fan="fan_out")
        self.bn: Any = None if fused else nn.BatchNorm2d(channels)

    def construct(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) -> the same shape."""
        if self.conv is not None:
            return self.conv(x)
        return self.bn(self.wide(x) + self.point(x) + x)

    def fuse(self) -> Fused:
        """Weights of the single convolution; only of the form with branches."""
        wide = fold(values(self.wide.conv.weight), self.wide.bn)
        kernel = wide.weight + centred(values(self.point.weight), 3)
        kernel[:, 0, 1, 1] += 1.0
        inner = fold(kernel, self.bn)
        return Fused(inner.weight, inner.bias + wide.bias * scale_of(self.bn))


class DilatedDepthwise(nn.Cell):
    """A depthwise 7x7 convolution, in training the sum of four, each with BatchNorm: 7x7, 5x5, and 3x3 dilated by 2, 3.

    From "UniRepLKNet" (CVPR 2024, "Dilated Reparam Block").

    Args:
        channels: of the input and the output.
        fused: build the single convolution, which has a bias.
    """

    SIZE = 7
    BRANCHES = ((7, 1), (5, 1), (3, 2), (3, 3))  # kernel size, dilation

    def __init__(self, channels: int, fused: bool = False) -> None:
        super().__init__()
        self.conv = conv(channels, channels, self.SIZE, groups=channels, bias=True, fan="fan_out") if fused else None
        self.branches = nn.CellList(
            [
                ConvNormAct(channels, channels, kernel, dilation=dilation, groups=channels)
                for kernel, dilation in (() if fused else self.BRANCHES)
            ]
        )

    def construct(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) -> the same shape."""
        if self.conv is not None:
            return self.conv(x)
        total = self.branches[0](x)
        for branch in self.branches[1:]:
            total = total + branch(x)
        return total

    def fuse(self) -> Fused:
        """Weights of the single convolution; only of the form with branches."""
        parts = [fold(values(branch.conv.weight), branch.bn) for branch in self.branches]
        kernels = [centred(spread(part.weight, d), self.SIZE) for part, (_, d) in zip(parts, self.BRANCHES)]
        return Fused(np.sum(kernels, axis=0), np.sum([part.bias for part in parts], axis=0))
