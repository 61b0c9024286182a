"""Feature pyramid with large depthwise kernels (PP-OCRv6, "RepLKFPN")."""

from __future__ import annotations

from collections.abc import Sequence

from mindspore import Tensor, nn

from mindocr.models.layers import SteepHardSigmoid
from mindocr.models.necks.rse_fpn import ExcitePyramid, ResidualExcite
from mindocr.models.rep_layers import DilatedDepthwise
from mindocr.registry import NECKS


@NECKS.register
class RepLKFPN(ExcitePyramid):
    """The pyramid of ``RSEFPN`` whose output convolutions are a depthwise 7x7 and a 1x1 one.

    Args:
        in_channels: channels of the levels, finest first; each level has half the size of the one before it.
        out_channels: channels of the output; a multiple of the number of levels.
        fused: build the 7x7 convolutions as released files hold them, without the branches that training adds.
        auxiliary: in training return the sums of the levels too, for the head ``DBAuxiliaryHead``.

    Raises:
        ConfigError: ``out_channels`` cannot be divided among the levels.
    """

    def __init__(
        self, in_channels: Sequence[int], out_channels: int = 96, fused: bool = False, auxiliary: bool = False
    ) -> None:
        super().__init__(in_channels, out_channels, align_corners=False, auxiliary=auxiliary)

        def layer(source: int, target: int) -> ResidualExcite:
            return ResidualExcite(source, target, 1, True, SteepHardSigmoid())

        self.ins_conv = nn.CellList([layer(channels, out_channels) for channels in in_channels])
        self.large = nn.CellList([DilatedDepthwise(out_channels, fused) for _ in in_channels])
        self.inp_conv = nn.CellList([layer(out_channels, out_channels // self.levels) for _ in in_channels])

    def smooth(self, level: Tensor, i: int) -> Tensor:
        return self.inp_conv[i](self.large[i](level))
