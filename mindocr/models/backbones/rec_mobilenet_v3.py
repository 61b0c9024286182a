"""MobileNetV3 for text lines (PP-OCR, "Text recognition" and "Direction classifier"): the width is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mindspore import Tensor, nn

from mindocr.errors import ConfigError
from mindocr.models.backbones.mobilenet_v3 import Unit, check_alpha, plan_units, round_channels
from mindocr.models.layers import ConvNormAct, SqueezeExcite, SteepHardSigmoid
from mindocr.registry import BACKBONES

# Positions of the units that reduce the height, and channels of the last convolution at alpha 1
_REDUCING = {"small": (0, 1, 3, 8), "large": (0, 1, 3, 12)}
_LAST = {"small": 576, "large": 960}


@BACKBONES.register(name="rec_mobilenet_v3")
class RecMobileNetV3(nn.Cell):
    """The units of ``det_mobilenet_v3`` that reduce the height and not the width, then a max pooling of 2 x 2.

    The first convolution halves both sides. Every unit has its expansion.

    Args:
        architecture: which table of the MobileNetV3 paper.
        alpha: width multiplier, > 0; channels are rounded to multiples of 8.
        row_strides: by how much the four reducing units divide the height, each 1 or 2: [1, 2, 2, 2] for the
            recogniser of PP-OCR, whose lines of height 32 become one row, [2, 2, 2, 2] for its direction classifier.
        disable_se: leave squeeze-and-excitation out of all units.
        pretrained: path or URL of a checkpoint of this backbone alone; no released weights are known.

    Attributes:
        out_channels: channels of the output.

    Raises:
        ConfigError: alpha is not positive, or ``row_strides`` has another form.
    """

    released_weights: str | None = None
    width_divisions = (2, -2)  # see config/time_steps.py

    def __init__(
        self,
        architecture: Literal["large", "small"] = "small",
        alpha: float = 0.5,
        row_strides: Sequence[int] = (1, 2, 2, 2),
        disable_se: bool = False,
        pretrained: bool | str | None = None,
    ) -> None:
        super().__init__()
        check_alpha("rec_mobilenet_v3", alpha)
        if len(row_strides) != 4 or not set(row_strides) <= {1, 2}:
            raise ConfigError(f"rec_mobilenet_v3 row_strides {list(row_strides)}: expected four numbers, each 1 or 2")
        self.pretrained = pretrained
        # An image of any width and of the height of the recipe is possible, so no side is bound to a multiple.
        self.strides = [1]
        units = plan_units(architecture, alpha)
        self.conv = ConvNormAct(3, units[0].in_channels, 3, stride=2, act=nn.HSwish())
        reducing = dict(zip(_REDUCING[architecture], row_strides))
        self.units = nn.SequentialCell(
            [_Unit(unit, reducing.get(i), unit.excited and not disable_se) for i, unit in enumerate(units)]
        )
        self.out_channels = round_channels(_LAST[architecture] * alpha)
        self.last_conv = ConvNormAct(units[-1].out_channels, self.out_channels, 1, act=nn.HSwish())
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)

    def construct(self, x: Tensor) -> Tensor:
        """Text lines (N, 3, H, W) -> features (N, out_channels, H / (4 product of row_strides), W / 4), rounded."""
        return self.pool(self.last_conv(self.units(self.conv(x))))


class _Unit(nn.Cell):
    """An inverted residual: expand (1x1), depthwise convolution, squeeze-and-excitation, project (1x1, linear).

    Args:
        unit: its channels and kernel size; its stride is not used.
        row_stride: by how much it divides the height; None for a unit that adds its input where channels agree. In
            PP-OCR a unit with a row stride never adds its input, not even with a row stride of 1.
        excited: whether it has squeeze-and-excitation.
    """

    def __init__(self, unit: Unit, row_stride: int | None, excited: bool) -> None:
        super().__init__()
        wide = unit.expanded
        self.expand_conv = ConvNormAct(unit.in_channels, wide, 1, act=unit.activation())
        self.bottleneck_conv = ConvNormAct(
            wide, wide, unit.kernel_size, stride=(row_stride or 1, 1), groups=wide, act=unit.activation()
        )
        excite = SqueezeExcite(wide, wide // 4, names=("conv1", "conv2"), gate=SteepHardSigmoid()) if excited else None
        self.mid_se = excite
        self.linear_conv = ConvNormAct(wide, unit.out_channels, 1)
        self.residual = row_stride is None and unit.in_channels == unit.out_channels

    def construct(self, x: Tensor) -> Tensor:
        y = self.bottleneck_conv(self.expand_conv(x))
        if self.mid_se is not None:
            y = self.mid_se(y)
        y = self.linear_conv(y)
        return x + y if self.residual else y
