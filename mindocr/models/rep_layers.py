"""Layers that have several branches in training and are one convolution in evaluation.

In evaluation a BatchNorm is a scale and a shift of each channel, so a sum of convolutions of one input is one
convolution with a bias (RepVGG, CVPR 2021, "Re-param for Plain Inference-time Model"). Networks are trained in the form
with branches; :func:`mindocr.models.fusion.fuse` gives their weights to the form that is used afterwards.
"""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn

from mindocr.models.fold import Fused, centred, fold, scale_of, spread, values
from mindocr.models.layers import ConvNormAct, conv


class RepLayer(nn.Cell):
    """A layer that is one convolution with a bias in its fused form.

    Attributes:
        conv: that convolution, possibly inside another cell; None in the form with branches.
    """

    conv: Any

    @property
    def single(self) -> nn.Conv2d:
        """The convolution of the fused form."""
        return self.conv

    def fuse(self) -> Fused:
        """Weights of the single convolution; only of the form with branches."""
        raise NotImplementedError


class RepDepthwise(RepLayer):
    """A depthwise 3x3 convolution of stride 1, in training BN(BN(3x3(x)) + 1x1(x) + x).

    Args:
        channels: of the input and the output.
        fused: build the single convolution, which has a bias.
    """

    def __init__(self, channels: int, fused: bool = False) -> None:
        super().__init__()
        self.conv = conv(channels, channels, 3, groups=channels, bias=True, fan="fan_out") if fused else None
        # None in the fused form; construct and fuse do not use these then
        self.wide: Any = None if fused else ConvNormAct(channels, channels, 3, groups=channels)
        self.point: Any = None if fused else conv(channels, channels, 1, groups=channels, fan="fan_out")
        self.bn: Any = None if fused else nn.BatchNorm2d(channels)

    def construct(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) -> the same shape."""
        if self.conv is not None:
            return self.conv(x)
        return self.bn(self.wide(x) + self.point(x) + x)

    def fuse(self) -> Fused:
        wide = fold(values(self.wide.conv.weight), self.wide.bn)
        kernel = wide.weight + centred(values(self.point.weight), 3)
        kernel[:, 0, 1, 1] += 1.0
        inner = fold(kernel, self.bn)
        return Fused(inner.weight, inner.bias + wide.bias * scale_of(self.bn))


class DilatedDepthwise(RepLayer):
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
        parts = [fold(values(branch.conv.weight), branch.bn) for branch in self.branches]
        kernels = [centred(spread(part.weight, d), self.SIZE) for part, (_, d) in zip(parts, self.BRANCHES)]
        return Fused(np.sum(kernels, axis=0), np.sum([part.bias for part in parts], axis=0))


class Affine(nn.Cell):
    """x * scale + bias, with one factor and one summand for all channels ("learnable affine block" of PP-LCNetV3).

    PaddleOCR trains both with a tenth of the learning rate; ``optimizer.parts`` of the recipe does that here.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scale = Parameter(Tensor([1.0], ms.float32))
        self.bias = Parameter(Tensor([0.0], ms.float32))

    def construct(self, x: Tensor) -> Tensor:
        return x * self.scale + self.bias


class RepConv(RepLayer):
    """A convolution of PP-LCNetV3: a sum of branches, then :class:`Affine`, then an activation if one is given.

    The branches are ``BRANCHES`` convolutions of the same size, a 1x1 convolution if the kernel is larger, and the
    input itself if the layer changes neither size nor channels; each has a BatchNorm.

    Args:
        in_channels, out_channels: multiples of ``groups``.
        kernel_size: odd.
        stride: (height, width).
        groups: of the convolution.
        act: activation; None = none.
        fused: build a single convolution in place of the branches.
    """

    BRANCHES = 4

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: tuple[int, int] = (1, 1),
        groups: int = 1,
        act: nn.Cell | None = None,
        fused: bool = False,
    ) -> None:
        super().__init__()

        def branch(size: int, single: bool = False) -> ConvNormAct:
            return ConvNormAct(in_channels, out_channels, size, stride=stride, groups=groups, fused=single)

        self.conv = branch(kernel_size, True) if fused else None
        self.branches = nn.CellList([branch(kernel_size) for _ in range(0 if fused else self.BRANCHES)])
        self.point: Any = branch(1) if kernel_size > 1 and not fused else None
        keeps = in_channels == out_channels and stride == (1, 1)
        self.direct: Any = nn.BatchNorm2d(in_channels) if keeps and not fused else None
        self.affine = Affine()
        self.act = act
        self.kernel_size, self.groups = kernel_size, groups

    @property
    def single(self) -> nn.Conv2d:
        return self.conv.conv

    def construct(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H / stride[0], W / stride[1]), rounded up."""
        x = self.affine(self._sum(x) if self.conv is None else self.conv(x))
        return x if self.act is None else self.act(x)

    def _sum(self, x: Tensor) -> Tensor:
        total = self.branches[0](x)
        for branch in self.branches[1:]:
            total = total + branch(x)
        if self.point is not None:
            total = total + self.point(x)
        return total if self.direct is None else total + self.direct(x)

    def fuse(self) -> Fused:
        layers = [*self.branches, *([] if self.point is None else [self.point])]
        parts = [fold(values(layer.conv.weight), layer.bn) for layer in layers]
        if self.direct is not None:
            parts.append(fold(self._unit(), self.direct))
        kernels = [centred(part.weight, self.kernel_size) for part in parts]
        return Fused(np.sum(kernels, axis=0), np.sum([part.bias for part in parts], axis=0))

    def _unit(self) -> np.ndarray:
        """The 1x1 kernel that returns its input: (channels, channels / groups, 1, 1)."""
        channels, width = self.branches[0].conv.weight.shape[:2]
        kernel = np.zeros((channels, width, 1, 1))
        kernel[np.arange(channels), np.arange(channels) % width] = 1
        return kernel
