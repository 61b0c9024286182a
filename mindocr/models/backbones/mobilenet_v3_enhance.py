"""MobileNetV3 as the detectors of PP-OCR use it: four stages, layers named by function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from mindspore import Tensor, nn

from mindocr.errors import ConfigError
from mindocr.models.backbones.mobilenet_v3 import (
    InvertedResidual,
    Unit,
    check_alpha,
    conv_norm_act,
    group,
    plan_units,
)
from mindocr.models.layers import SqueezeExcite, SteepHardSigmoid, conv
from mindocr.registry import BACKBONES


@BACKBONES.register(name="det_mobilenet_v3_enhance")
class DetMobileNetV3Enhance(nn.Cell):
    """The network of ``det_mobilenet_v3`` with other parameter names, in four stages that end at strides 4 to 32.

    Every unit has its expansion; convolutions pad equally on all sides. Checkpoints of one do not fit the other.

    Args:
        architecture: which table of the paper.
        alpha: width multiplier, > 0; channels are rounded to multiples of 8.
        disable_se: leave squeeze-and-excitation out of all units, as PP-OCR's detectors do.
        pretrained: weights to start from, loaded by ``build_model``: a path or URL of a checkpoint of this backbone
            alone. No released weights are known, so True is an error there.
        origin: project whose squeeze-and-excitation this is. MindOCR's hard-sigmoid has the slope 1/6, PaddleOCR's 0.2.
            Without squeeze-and-excitation it has no effect.
        expanded: channels inside each unit, between its two 1x1 convolutions, as ``mindocr prune`` writes them: 15
            numbers for ``large``, 11 for ``small``; None = those of the table. Squeeze-and-excitation keeps the
            channels that it reduces to.
        last_channels: channels of the last convolution; None = six times those of the last unit.

    Raises:
        ConfigError: alpha is not positive, or the numbers of channels do not fit the table.
    """

    released_weights: str | None = None

    def __init__(
        self,
        architecture: Literal["large", "small"] = "large",
        alpha: float = 1.0,
        disable_se: bool = False,
        pretrained: bool | str | None = None,
        origin: Literal["mindocr", "paddleocr"] = "mindocr",
        expanded: Sequence[int] | None = None,
        last_channels: int | None = None,
    ) -> None:
        super().__init__()
        check_alpha("det_mobilenet_v3_enhance", alpha)
        self.pretrained = pretrained
        units = plan_units(architecture, alpha)
        widths = [unit.expanded for unit in units] if expanded is None else list(expanded)
        _check_widths(widths, last_channels, units)
        self.conv = group(conv_norm_act(conv(3, units[0].in_channels, 3, stride=2, fan="fan_out"), nn.HSwish))
        stages: list[list[nn.Cell]] = [[]]
        channels, stride = units[0].in_channels, 2
        self.strides: list[int] = []
        self.out_channels: list[int] = []
        for unit, width in zip(units, widths):
            if unit.stride == 2 and stride >= 4:
                self.strides.append(stride)
                self.out_channels.append(channels)
                stages.append([])
            excite = None if disable_se else _excite(unit.expanded // 4, steep=origin == "paddleocr")
            stages[-1].append(InvertedResidual(unit._replace(expanded=width), excite, True, True, "centred"))
            channels, stride = unit.out_channels, stride * unit.stride
        last = last_channels or channels * 6
        stages[-1].append(group(conv_norm_act(conv(channels, last, 1, fan="fan_out"), nn.HSwish)))
        self.strides.append(stride)
        self.out_channels.append(last)
        self.stages = nn.CellList([nn.SequentialCell(cells) for cells in stages])

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) -> one map (N, out_channels[i], H / strides[i], W / strides[i]) per stage, finest first."""
        x = self.conv(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return tuple(maps)


def _excite(reduced: int, steep: bool) -> Callable[[int], nn.Cell]:
    def build(channels: int) -> nn.Cell:
        return SqueezeExcite(channels, reduced, names=("conv1", "conv2"), gate=SteepHardSigmoid() if steep else None)

    return build


def _check_widths(expanded: Sequence[int], last_channels: int | None, units: Sequence[Unit]) -> None:
    if len(expanded) != len(units) or min(expanded) < 1:
        raise ConfigError(
            f"det_mobilenet_v3_enhance expanded {list(expanded)}: expected {len(units)} numbers from 1, one for each "
            f"unit; the table has {[unit.expanded for unit in units]}"
        )
    if last_channels is not None and last_channels < 1:
        raise ConfigError(f"det_mobilenet_v3_enhance last_channels {last_channels}: expected a number from 1")
