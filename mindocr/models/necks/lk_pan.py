"""Feature pyramid with large kernels and a way back up (PP-OCRv3, "LK-PAN")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mindspore import Tensor, nn

from mindocr.models.layers import conv
from mindocr.models.necks.rse_fpn import ExcitePyramid
from mindocr.registry import NECKS

_LARGE = 9


class SeparableConv(nn.Cell):
    """A depthwise 9x9 convolution, then 1x1 convolutions through four times the channels.

    Depthwise, BatchNorm, 1x1, BatchNorm, ReLU, 1x1; where the number of channels changes, a 1x1 convolution of the
    input is added. Parameters are called as in PaddleOCR.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        wide = 4 * in_channels
        self.conv1 = conv(in_channels, in_channels, _LARGE, groups=in_channels)
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv2 = conv(in_channels, wide, 1)
        self.bn2 = nn.BatchNorm2d(wide)
        self.relu = nn.ReLU()
        self.conv3 = conv(wide, out_channels, 1)
        self.conv_end = None if in_channels == out_channels else conv(in_channels, out_channels, 1)

    def construct(self, x: Tensor) -> Tensor:
        y = self.conv3(self.relu(self.bn2(self.conv2(self.bn1(self.conv1(x))))))
        return y if self.conv_end is None else y + self.conv_end(x)


@NECKS.register
class LKPAN(ExcitePyramid):
    """The pyramid of ``DBFPN`` with 9x9 convolutions, and then a way from the finest level to the coarsest.

    On the way down each level receives the next coarser one, doubled in size, and a 9x9 convolution reduces it to
    ``out_channels`` / levels. On the way up each level receives a 3x3 convolution of stride 2 of the next finer one.
    After another 9x9 convolution, all are enlarged to the finest size (nearest neighbour) and concatenated, coarsest
    first. No convolution has a bias.

    Args:
        in_channels: channels of the levels, finest first; each level has half the size of the one before it.
        out_channels: channels of the output; a multiple of the number of levels.
        mode: ``large``: plain 9x9 convolutions; ``lite``: a :class:`SeparableConv` in place of each.

    Raises:
        ConfigError: ``out_channels`` cannot be divided among the levels.
    """

    def __init__(
        self, in_channels: Sequence[int], out_channels: int = 256, mode: Literal["large", "lite"] = "large"
    ) -> None:
        super().__init__(in_channels, out_channels, align_corners=False)
        share = out_channels // self.levels

        def layer(source: int) -> nn.Cell:
            return SeparableConv(source, share) if mode == "lite" else conv(source, share, _LARGE)

        self.ins_conv = nn.CellList([conv(channels, out_channels, 1) for channels in in_channels])
        self.inp_conv = nn.CellList([layer(out_channels) for _ in in_channels])
        self.pan_head_conv = nn.CellList([conv(share, share, 3, stride=2) for _ in in_channels[1:]])
        self.pan_lat_conv = nn.CellList([layer(share) for _ in in_channels])

    def smooth(self, level: Tensor, i: int) -> Tensor:
        return self.inp_conv[i](level)

    def construct(self, features: Sequence[Tensor]) -> Tensor:
        """``features``: (N, in_channels[i], H / 2**i, W / 2**i), finest first -> (N, out_channels, H, W)."""
        smoothed, _ = self.descend(features)
        finer = smoothed[0]
        levels = [self.pan_lat_conv[0](finer)]
        for i in range(1, self.levels):
            finer = smoothed[i] + self.pan_head_conv[i - 1](finer)
            levels.append(self.pan_lat_conv[i](finer))
        return self.join(levels)
