"""PP-LCNet: depthwise-separable blocks for CPUs (Cui et al., arXiv 2109.15099)."""

from __future__ import annotations

from mindspore import Tensor, nn

from mindocr.errors import ConfigError
from mindocr.models.backbones.mobilenet_v3 import round_channels
from mindocr.models.backbones.rec_lcnet import SeparableBlock
from mindocr.models.layers import ConvNormAct
from mindocr.registry import BACKBONES

_STEM = 16  # channels at scale 1
# Kernel of the depthwise convolution, channels at scale 1, stride, squeeze-and-excitation; a list a stage
_STAGES: tuple[tuple[tuple[int, int, int, bool], ...], ...] = (
    ((3, 32, 1, False),),
    ((3, 64, 2, False), (3, 64, 1, False)),
    ((3, 128, 2, False), (3, 128, 1, False)),
    ((3, 256, 2, False), *[(5, 256, 1, False)] * 5),
    ((5, 512, 2, True), (5, 512, 1, True)),
)


@BACKBONES.register(name="pplcnet")
class PPLCNet(nn.Cell):
    """Hard-swish everywhere, squeeze-and-excitation only in the last two blocks, 5x5 kernels at the end (section 3).

    A classifier has 1280 hidden channels (section 3.4): ``{name: ClsHead, hidden_channels: 1280}``.

    Args:
        scale: width multiplier, above 0; channels are rounded to multiples of 8. The paper has 0.25 to 2.5.
        pretrained: weights to start from, loaded by ``build_model``: a path or URL of a checkpoint of this backbone
            alone. No released weights are known, so True is an error there.

    Attributes:
        out_channels, strides: of the four maps, finest first.

    Raises:
        ConfigError: scale is not positive.
    """

    released_weights: str | None = None

    def __init__(self, scale: float = 1.0, pretrained: bool | str | None = None) -> None:
        super().__init__()
        if not scale > 0:
            raise ConfigError(f"pplcnet scale {scale}: expected a number above 0; the paper has 0.25 to 2.5")
        self.pretrained = pretrained
        channels = round_channels(_STEM * scale)
        self.stem = ConvNormAct(3, channels, 3, stride=2, act=nn.HSwish())
        stages, widths = [], []
        for rows in _STAGES:
            blocks = []
            for kernel, wide, stride, excite in rows:
                target = round_channels(wide * scale)
                blocks.append(SeparableBlock(channels, target, kernel, (stride, stride), excite))
                channels = target
            stages.append(nn.SequentialCell(blocks))
            widths.append(channels)
        self.stages = nn.CellList(stages)
        self.out_channels = widths[1:]
        self.strides = [4, 8, 16, 32]

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) -> four maps (N, out_channels[i], H / strides[i], W / strides[i]), finest first."""
        x = self.stages[0](self.stem(x))
        maps = []
        for stage in self.stages[1:]:
            x = stage(x)
            maps.append(x)
        return tuple(maps)
