"""PPLCNetV3, the backbone of PP-OCRv4's mobile networks (detector and recogniser)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.backbones.mobilenet_v3 import round_channels
from mindocr.models.layers import ConvNormAct, SqueezeExcite, conv
from mindocr.models.rep_layers import Affine, RepConv
from mindocr.registry import BACKBONES

_STEM = 16  # channels at scale 1
_UNIT = 16  # channels are multiples of this
_REDUCED = (16, 24, 56, 480)  # channels of the detector's maps at scale 1
_SCALES = {"det": 0.75, "rec": 0.95}  # of PP-OCRv4's mobile networks


class _Row(NamedTuple):
    """One block: kernel of the depthwise layer, channels at scale 1, (height, width) strides, excitation."""

    kernel: int
    channels: int
    det: tuple[int, int] = (1, 1)
    rec: tuple[int, int] = (1, 1)
    excite: bool = False


_STAGES = (
    (_Row(3, 32),),
    (_Row(3, 64, (2, 2)), _Row(3, 64)),
    (_Row(3, 128, (2, 2), (2, 1)), _Row(3, 128)),
    (_Row(3, 256, (2, 2), (1, 2)), *[_Row(5, 256)] * 4),
    (_Row(5, 512, (2, 2), (2, 1), True), _Row(5, 512, excite=True), _Row(5, 512, rec=(2, 1)), _Row(5, 512)),
)


@BACKBONES.register(name="pplcnet_v3")
class PPLCNetV3(nn.Cell):
    """Depthwise-separable blocks whose two convolutions are sums of branches in training, with hard-swish.

    Deliberate differences from PaddleOCR: the recogniser takes the mean of all rows of the last map. The original takes
    that of the first three, which are all at its height of 48. For the learning rate see
    :class:`~mindocr.models.rep_layers.Affine`.

    Args:
        form: ``det`` returns one map per stage after the first; ``rec`` returns one row of features for a text line.
        scale: width multiplier, above 0; channels are rounded to multiples of 16. None = that of PP-OCRv4's mobile
            networks, 0.75 for ``det`` and 0.95 for ``rec``.
        fused: build the form that released files hold: one convolution with a bias in place of branches. The first
            layer has its BatchNorm in both forms.
        pretrained: path or URL of a checkpoint of this backbone alone; no released weights are known.

    Attributes:
        out_channels: channels of each map; of the row for ``rec``.
        strides: of each map; [1] for ``rec``, whose lines may have any width.

    Raises:
        ConfigError: scale is not positive.
    """

    released_weights: str | None = None

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
        """How the width becomes time steps, see ``config/time_steps.py``."""
        return {"width_divisions": (2, 2, -2) if arguments.get("form") == "rec" else ()}

    def __init__(
        self,
        form: Literal["det", "rec"] = "det",
        scale: float | None = None,
        fused: bool = False,
        pretrained: bool | str | None = None,
    ) -> None:
        super().__init__()
        scale = _SCALES[form] if scale is None else scale
        if not scale > 0:
            raise ConfigError(f"pplcnet_v3 scale {scale}: expected a number above 0; PP-OCRv4 uses 0.75 and 0.95")
        self.pretrained = pretrained
        channels = round_channels(_STEM * scale, _UNIT)
        self.stem = ConvNormAct(3, channels, 3, stride=2)
        stages, widths = [], []
        for rows in _STAGES:
            blocks = []
            for row in rows:
                target = round_channels(row.channels * scale, _UNIT)
                blocks.append(_Block(channels, target, row, form, fused))
                channels = target
            stages.append(nn.SequentialCell(blocks))
            widths.append(channels)
        self.stages = nn.CellList(stages)
        reduced = [int(width * scale) for width in _REDUCED] if form == "det" else []
        self.outs = nn.CellList([conv(width, target, 1, bias=True) for width, target in zip(widths[1:], reduced)])
        self.pool = nn.AvgPool2d(kernel_size=(1, 2), stride=(1, 2)) if form == "rec" else None
        self.strides = [4, 8, 16, 32] if form == "det" else [1]
        self.out_channels: int | list[int] = reduced if form == "det" else channels

    def construct(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """(N, 3, H, W) -> maps (N, out_channels[i], H / strides[i], W / strides[i]); ``rec``: (N, C, 1, W / 8)."""
        x = self.stages[0](self.stem(x))
        maps = []
        for stage in self.stages[1:]:
            x = stage(x)
            maps.append(x)
        if self.pool is not None:
            return self.pool(ops.mean(x, 2, True))
        reduced = []
        for i in range(len(self.outs)):
            reduced.append(self.outs[i](maps[i]))
        return tuple(reduced)


class _Block(nn.Cell):
    """A depthwise convolution, squeeze-and-excitation in some blocks, a 1x1 convolution.

    A depthwise convolution that halves both sides has no activation.
    """

    def __init__(
        self, in_channels: int, out_channels: int, row: _Row, form: Literal["det", "rec"], fused: bool
    ) -> None:
        super().__init__()
        stride = row.det if form == "det" else row.rec
        act = None if stride == (2, 2) else _activation()
        self.depthwise = RepConv(in_channels, in_channels, row.kernel, stride, in_channels, act, fused)
        self.se = SqueezeExcite(in_channels, in_channels // 4, names=("conv1", "conv2")) if row.excite else None
        self.pointwise = RepConv(in_channels, out_channels, 1, act=_activation(), fused=fused)

    def construct(self, x: Tensor) -> Tensor:
        x = self.depthwise(x)
        if self.se is not None:
            x = self.se(x)
        return self.pointwise(x)


def _activation() -> nn.Cell:
    return nn.SequentialCell([nn.HSwish(), Affine()])
