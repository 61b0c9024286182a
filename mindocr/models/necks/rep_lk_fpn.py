"""Feature pyramid with large depthwise kernels (PP-OCRv6, "RepLKFPN")."""

from __future__ import annotations

from collections.abc import Sequence

from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.layers import upsample_nearest
from mindocr.models.necks.rse_fpn import ResidualExcite, SteepHardSigmoid
from mindocr.models.rep_layers import DilatedDepthwise
from mindocr.registry import NECKS


@NECKS.register
class RepLKFPN(nn.Cell):
    """The pyramid of ``RSEFPN`` whose output convolutions are a depthwise 7x7 and a 1x1 one.

    The auxiliary heads of PP-OCRv6's training, which take the sums of the levels, are not built.

    Args:
        in_channels: channels of the levels, finest first; each level has half the size of the one before it.
        out_channels: channels of the output; a multiple of the number of levels.
        fused: build the 7x7 convolutions as released files hold them, without the branches that training adds.

    Raises:
        ConfigError: ``out_channels`` cannot be divided among the levels.
    """

    def __init__(self, in_channels: Sequence[int], out_channels: int = 96, fused: bool = False) -> None:
        super().__init__()
        levels = len(in_channels)
        if out_channels < 4 * levels or out_channels % levels:
            raise ConfigError(
                f"RepLKFPN out_channels {out_channels}: {levels} levels share the channels evenly, so give a multiple "
                f"of {levels}, at least {4 * levels}"
            )
        self.out_channels = out_channels

        def layer(source: int, target: int) -> ResidualExcite:
            return ResidualExcite(source, target, 1, True, SteepHardSigmoid())

        self.ins_conv = nn.CellList([layer(channels, out_channels) for channels in in_channels])
        self.large = nn.CellList([DilatedDepthwise(out_channels, fused) for _ in in_channels])
        self.inp_conv = nn.CellList([layer(out_channels, out_channels // levels) for _ in in_channels])

    def construct(self, features: Sequence[Tensor]) -> Tensor:
        """``features``: (N, in_channels[i], H / 2**i, W / 2**i), finest first -> (N, out_channels, H, W)."""
        coarser = None
        joined = []
        for i in range(len(self.inp_conv) - 1, -1, -1):
            level = self.ins_conv[i](features[i])
            if coarser is not None:
                level = level + upsample_nearest(coarser, 2)
            coarser = level
            joined.append(upsample_nearest(self.inp_conv[i](self.large[i](level)), 2**i))
        return ops.concat(joined, 1)
