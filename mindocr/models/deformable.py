"""Deformable convolution with weighted taps (Zhu et al., CVPR 2019, "Modulated Deformable Modules")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import HeNormal, initializer
from mindspore.ops.operations.nn_ops import DeformableOffsets

from mindocr.errors import ConfigError
from mindocr.models.layers import conv

Origin = Literal["paper", "authors"]

_SIZE = 3  # height and width of the kernel
_TAPS = _SIZE * _SIZE


class DeformableConv(nn.Cell):
    """A 3x3 convolution that moves and weighs its taps at every pixel: (N, in, H, W) -> (N, out, H / s, W / s).

    A plain 3x3 convolution of the same input predicts, for each output pixel and tap, a shift (y, x) in pixels and,
    through a sigmoid, a weight in [0, 1]. The input is read between its pixels by bilinear interpolation and is 0
    outside. At the start all shifts are 0 and all weights 0.5.

    The 27 channels of the prediction are (y, x) of each tap and then the weights, as in torchvision and in the code of
    DBNet's authors, of MMOCR and of PaddleOCR; with several groups, those of the first group come first.

    Shifts, weights and result are float32, whatever the precision of the layers before: float16 cannot express a
    fraction of a pixel in the middle of a large map.

    Args:
        stride: 1 or 2.
        groups: the input channels are divided into this many groups, each with shifts and weights of its own.
        origin: at stride 2, the size of the predicted map. ``paper``: that of the output. ``authors``: that of the
            input, and its numbers, row by row, are read as if it had the size of the output, so that three quarters of
            them have no effect. The code of DBNet's authors does so, and their weights are trained for it.

    Raises:
        ConfigError: the channels cannot be divided among the groups.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, groups: int = 1, origin: Origin = "paper"
    ) -> None:
        super().__init__()
        if groups < 1 or in_channels % groups:
            raise ConfigError(f"dcn_groups {groups}: expected a divisor of {in_channels}, the channels of the layer")
        self.stride, self.groups = stride, groups
        self.reread = origin == "authors" and stride > 1
        shape = (out_channels, in_channels, _SIZE, _SIZE)
        self.weight = Parameter(initializer(HeNormal(mode="fan_out", nonlinearity="relu"), shape, ms.float32), "weight")
        self.offset = conv(in_channels, 3 * _TAPS * groups, _SIZE, stride=1 if self.reread else stride, bias=True)
        self.offset.weight.set_data(initializer("zeros", self.offset.weight.shape))
        steps, border = (1, 1, stride, stride), (1, 1, 1, 1)
        self.read = DeformableOffsets(steps, border, (_SIZE, _SIZE), deformable_groups=groups, modulated=True)
        self.multiply = ops.Conv2D(out_channels, _SIZE, pad_mode="valid", stride=_SIZE)

    def construct(self, x: Tensor) -> Tensor:
        predicted = ops.cast(self.offset(x), ms.float32)
        n, _, h, w = predicted.shape
        taps = self.groups * _TAPS
        shifts, weights = predicted[:, : 2 * taps], ops.sigmoid(predicted[:, 2 * taps :])
        if self.reread:
            h, w = (h - 1) // self.stride + 1, (w - 1) // self.stride + 1
            shifts = shifts.reshape((n, -1))[:, : 2 * taps * h * w]
            weights = weights.reshape((n, -1))[:, : taps * h * w].reshape((n, taps, h, w))
        shifts = shifts.reshape((n, taps, 2, h, w))
        # MindSpore expects the x of all taps, then the y of all taps, then the weights.
        moved = ops.concat((shifts[:, :, 1], shifts[:, :, 0], weights), 1)
        # ops.deformable_conv2d does the same, but has no shape where that of the image is not known before.
        pixels = self.read(ops.cast(x, ms.float32), moved).reshape((n, -1, _SIZE * h, _SIZE * w))
        return self.multiply(pixels, ops.cast(self.weight, ms.float32))


def offset_names(net: nn.Cell) -> tuple[str, ...]:
    """Names of the parameters that weights of the same network without deformable convolutions lack."""
    cells = [(path, cell) for path, cell in net.cells_and_names() if isinstance(cell, DeformableConv)]
    return tuple(f"{path}.offset.{part}" for path, _ in cells for part in ("weight", "bias"))


class Deformable(NamedTuple):
    """Which stages of a network have deformable convolutions, and of which kind (see :class:`DeformableConv`)."""

    stages: Sequence[bool] = (False, False, False, False)
    groups: int = 1
    origin: Origin = "paper"

    def check(self) -> None:
        """Check the number of stages.

        Raises:
            ConfigError: it is not four.
        """
        if len(self.stages) != 4:
            raise ConfigError(
                f"dcn_stages {list(self.stages)}: expected four values, one for each stage, such as "
                "[False, True, True, True]"
            )
