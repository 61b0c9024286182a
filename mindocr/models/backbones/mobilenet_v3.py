"""MobileNetV3 feature extractor (Howard et al., ICCV 2019, tables 1 and 2)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import pydantic
from mindspore import Tensor, nn
from typing_extensions import TypedDict

from mindocr.errors import ConfigError
from mindocr.models.layers import SqueezeExcite, conv
from mindocr.registry import BACKBONES

# kernel, expanded channels, output channels, squeeze-and-excitation, hard-swish (else ReLU), stride
_UNITS = {
    "large": (
        (3, 16, 16, False, False, 1),
        (3, 64, 24, False, False, 2),
        (3, 72, 24, False, False, 1),
        (5, 72, 40, True, False, 2),
        (5, 120, 40, True, False, 1),
        (5, 120, 40, True, False, 1),
        (3, 240, 80, False, True, 2),
        (3, 200, 80, False, True, 1),
        (3, 184, 80, False, True, 1),
        (3, 184, 80, False, True, 1),
        (3, 480, 112, True, True, 1),
        (3, 672, 112, True, True, 1),
        (5, 672, 160, True, True, 2),
        (5, 960, 160, True, True, 1),
        (5, 960, 160, True, True, 1),
    ),
    "small": (
        (3, 16, 16, True, False, 2),
        (3, 72, 24, False, False, 2),
        (3, 88, 24, False, False, 1),
        (5, 96, 40, True, True, 2),
        (5, 240, 40, True, True, 1),
        (5, 240, 40, True, True, 1),
        (5, 120, 48, True, True, 1),
        (5, 144, 48, True, True, 1),
        (5, 288, 96, True, True, 2),
        (5, 576, 96, True, True, 1),
        (5, 576, 96, True, True, 1),
    ),
}
_RELEASED_LARGE_050 = (
    "https://download.mindspore.cn/toolkits/mindcv/mobilenet/mobilenetv3/"
    "mobilenet_v3_large_050_no_scale_se_v2_expand-3c4047ac.ckpt"
)


class BottleneckParams(TypedDict, total=False):
    """Variants of the inverted-residual unit.

    always_expand: keep the 1x1 expansion even where it adds no channels (the first unit). Default False.
    se_version: ``SqueezeExcite``, the paper's: 1x1 convolutions, channels / 4 rounded to a multiple of 8, hard-sigmoid.
        ``SqueezeExciteV2``: dense layers, channels // 4, plain sigmoid. Default ``SqueezeExcite``.
    """

    __pydantic_config__ = pydantic.ConfigDict(extra="forbid")  # type: ignore[misc]

    always_expand: bool
    se_version: Literal["SqueezeExcite", "SqueezeExciteV2"]


_PLAIN: BottleneckParams = {}


def round_channels(value: float, unit: int = 8) -> int:
    """The multiple of ``unit`` nearest to ``value``, at least ``unit`` and not below 90 % of ``value``."""
    rounded = max(unit, int(value + unit / 2) // unit * unit)
    return rounded + unit if rounded < 0.9 * value else rounded


def _excite(channels: int) -> nn.Cell:
    return SqueezeExcite(channels, round_channels(channels / 4))


def _excite_v2(channels: int) -> nn.Cell:
    return SqueezeExcite(channels, channels // 4, dense=True)


_EXCITE = {"SqueezeExcite": _excite, "SqueezeExciteV2": _excite_v2}


class Unit(NamedTuple):
    """One row of the paper's table, its channels scaled and rounded."""

    in_channels: int
    expanded: int
    out_channels: int
    kernel_size: int
    stride: int
    excited: bool
    activation: type[nn.Cell]


def plan_units(architecture: Literal["large", "small"], alpha: float) -> list[Unit]:
    """The units of a network whose stem has ``round_channels(16 * alpha)`` channels."""
    channels = round_channels(16 * alpha)
    units = []
    for kernel, expanded, target, excited, hard_swish, stride in _UNITS[architecture]:
        activation = nn.HSwish if hard_swish else nn.ReLU
        expanded, target = round_channels(expanded * alpha), round_channels(target * alpha)
        units.append(Unit(channels, expanded, target, kernel, stride, excited, activation))
        channels = target
    return units


def check_alpha(name: str, alpha: float) -> None:
    """Check a width multiplier.

    Raises:
        ConfigError: it is not positive.
    """
    if alpha <= 0:
        raise ConfigError(f"{name} alpha {alpha}: expected a positive width multiplier, such as 0.5")


def conv_norm_act(convolution: nn.Conv2d, activation: type[nn.Cell] | None) -> list[nn.Cell]:
    """A convolution, its BatchNorm and, if any, its activation."""
    layers = [convolution, nn.BatchNorm2d(convolution.out_channels)]
    return layers if activation is None else [*layers, activation()]


def group(layers: Sequence[nn.Cell]) -> nn.Cell:
    """The layers of :func:`conv_norm_act` as one cell, in which they are called ``conv``, ``bn`` and ``act``."""
    return nn.SequentialCell(OrderedDict(zip(("conv", "bn", "act"), layers)))


class InvertedResidual(nn.SequentialCell):
    """Expand (1x1), depthwise convolution, optional squeeze-and-excitation, project (1x1, linear).

    Args:
        unit: its channels, kernel size and stride.
        excite: builds the squeeze-and-excitation for a number of channels, in units that have one; None omits it.
        always_expand: keep the 1x1 expansion even where it adds no channels.
        grouped: how checkpoints name the layers. False: numbered (``layers.0``). True: by function
            (``expand_conv.conv``).
        pad_mode: of the depthwise convolution, see :func:`mindocr.models.layers.conv`.
    """

    def __init__(
        self,
        unit: Unit,
        excite: Callable[[int], nn.Cell] | None,
        always_expand: bool,
        grouped: bool,
        pad_mode: Literal["same", "centred"],
    ) -> None:
        wide = unit.expanded
        parts: dict[str, list[nn.Cell]] = {}
        if always_expand or unit.in_channels != wide:
            parts["expand_conv"] = conv_norm_act(conv(unit.in_channels, wide, 1, fan="fan_out"), unit.activation)
        depthwise = conv(
            wide, wide, unit.kernel_size, stride=unit.stride, groups=wide,
            pad_mode=pad_mode, fan="fan_out",
        )  # fmt: skip
        parts["bottleneck_conv"] = conv_norm_act(depthwise, unit.activation)
        if unit.excited and excite is not None:
            parts["mid_se"] = [excite(wide)]
        parts["linear_conv"] = conv_norm_act(conv(wide, unit.out_channels, 1, fan="fan_out"), None)
        if grouped:
            cells = {name: layers[0] if name == "mid_se" else group(layers) for name, layers in parts.items()}
        else:
            cells = {"layers": nn.SequentialCell([layer for layers in parts.values() for layer in layers])}
        super().__init__(OrderedDict(cells))
        self.residual = unit.stride == 1 and unit.in_channels == unit.out_channels

    def construct(self, x: Tensor) -> Tensor:
        y = x
        for part in self.cell_list:
            y = part(y)
        return x + y if self.residual else y


@BACKBONES.register(name="det_mobilenet_v3")
class DetMobileNetV3(nn.Cell):
    """MobileNetV3 up to its last 1x1 convolution.

    Args:
        architecture: which table of the paper.
        alpha: width multiplier, > 0; channels are rounded to multiples of 8.
        out_stages: indices of the layers whose outputs are the feature maps, ascending. Layers 0 to 2 are the stem
            (convolution, BatchNorm, hard-swish), then one index per unit, then again three for the last convolution.
            None takes the last layer of strides 4, 8, 16 and 32: [5, 8, 14, 20] for ``large``.
        bottleneck_params: variants of the unit, see :class:`BottleneckParams`.
        pad_mode: how the units' depthwise convolutions pad at stride 2. ``same``, mostly at the bottom right, as
            MindOCR's weights were trained; ``centred``, on all sides, as PyTorch's were. The wrong mode shifts the
            feature maps at each of the four convolutions of stride 2.
        pretrained: weights to start from, loaded by ``build_model``: True for the released ImageNet weights (known for
            large, alpha 0.5, always_expand, SqueezeExciteV2), or a path or URL of a checkpoint of this backbone alone.

    Raises:
        ConfigError: alpha is not positive, or out_stages are not ascending indices of layers that end a unit.
    """

    def __init__(
        self,
        architecture: Literal["large", "small"] = "large",
        alpha: float = 1.0,
        out_stages: Sequence[int] | None = None,
        bottleneck_params: BottleneckParams = _PLAIN,
        pretrained: bool | str | None = None,
        pad_mode: Literal["same", "centred"] = "same",
    ) -> None:
        super().__init__()
        check_alpha("det_mobilenet_v3", alpha)
        always_expand = bottleneck_params.get("always_expand", False)
        se_version = bottleneck_params.get("se_version", "SqueezeExcite")
        self.pretrained = pretrained
        recipe = (architecture, alpha, always_expand, se_version)
        self.released_weights = _RELEASED_LARGE_050 if recipe == ("large", 0.5, True, "SqueezeExciteV2") else None

        units = plan_units(architecture, alpha)
        channels, stride = units[0].in_channels, 2
        features = conv_norm_act(conv(3, channels, 3, stride=2, fan="fan_out"), nn.HSwish)
        ends = {len(features) - 1: (channels, stride)}
        for unit in units:
            features.append(InvertedResidual(unit, _EXCITE[se_version], always_expand, False, pad_mode))
            channels, stride = unit.out_channels, stride * unit.stride
            ends[len(features) - 1] = (channels, stride)
        features += conv_norm_act(conv(channels, channels * 6, 1, fan="fan_out"), nn.HSwish)
        ends[len(features) - 1] = (channels * 6, stride)

        stages = _last_of_each_stride(ends) if out_stages is None else list(out_stages)
        if not stages or stages != sorted(set(stages)) or not set(stages) <= set(ends):
            raise ConfigError(
                f"det_mobilenet_v3 out_stages {stages}: expected ascending indices of layers that end a unit, from "
                f"{sorted(ends)}"
            )
        self.out_stages = tuple(stages)
        self.out_channels = [ends[stage][0] for stage in stages]
        self.strides = [ends[stage][1] for stage in stages]
        self.features = nn.CellList(features)

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) -> one map (N, out_channels[i], H / strides[i], W / strides[i]) per stage, finest first."""
        maps = []
        for i, layer in enumerate(self.features):
            x = layer(x)
            if i in self.out_stages:
                maps.append(x)
        return tuple(maps)


def _last_of_each_stride(ends: dict[int, tuple[int, int]]) -> list[int]:
    """Index of the last layer at each of the strides 4, 8, 16 and 32."""
    last = {stride: index for index, (_, stride) in sorted(ends.items())}
    return [last[stride] for stride in (4, 8, 16, 32)]
