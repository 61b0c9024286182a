"""MobileNetV3 feature extractor (Howard et al., ICCV 2019, tables 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pydantic
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Normal
from typing_extensions import TypedDict

from mindocr.errors import ConfigError
from mindocr.models.layers import conv
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

    always_expand: keep the 1x1 expansion even where it does not widen (the first unit). Default False.
    se_version: ``SqueezeExcite``, the paper's: 1x1 convolutions, channels / 4 rounded to a multiple of 8, hard-sigmoid.
        ``SqueezeExciteV2``: dense layers, channels // 4, plain sigmoid. Default ``SqueezeExcite``.
    """

    __pydantic_config__ = pydantic.ConfigDict(extra="forbid")  # type: ignore[misc]

    always_expand: bool
    se_version: Literal["SqueezeExcite", "SqueezeExciteV2"]


_PLAIN: BottleneckParams = {}


def round_channels(value: float) -> int:
    """The multiple of 8 nearest to ``value``, at least 8 and not below 90 % of it."""
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


class SqueezeExcite(nn.Cell):
    """Scales each channel by a number in [0, 1] that depends on the means of all channels.

    Args:
        channels: channels of the input.
        dense: the second version, see :class:`BottleneckParams`.
    """

    def __init__(self, channels: int, dense: bool) -> None:
        super().__init__()
        self.dense = dense
        self.relu = nn.ReLU()
        if dense:
            reduced = channels // 4
            self.conv_reduce = nn.Dense(channels, reduced, weight_init=Normal(0.01), bias_init="zeros")
            self.conv_expand = nn.Dense(reduced, channels, weight_init=Normal(0.01), bias_init="zeros")
            self.gate = nn.Sigmoid()
        else:
            reduced = round_channels(channels / 4)
            self.conv_reduce = conv(channels, reduced, 1, bias=True, fan="fan_out")
            self.conv_expand = conv(reduced, channels, 1, bias=True, fan="fan_out")
            self.gate = nn.HSigmoid()

    def construct(self, x: Tensor) -> Tensor:
        weight = ops.mean(x, (2, 3), not self.dense)
        weight = self.gate(self.conv_expand(self.relu(self.conv_reduce(weight))))
        if self.dense:
            weight = weight.expand_dims(2).expand_dims(3)
        return x * weight


class InvertedResidual(nn.Cell):
    """Expand (1x1), depthwise convolution, optional squeeze-and-excitation, project (1x1, linear)."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        activation: type[nn.Cell],
        excite: Literal["SqueezeExcite", "SqueezeExciteV2"] | None,
        always_expand: bool,
    ) -> None:
        super().__init__()
        self.residual = stride == 1 and in_channels == out_channels
        layers: list[nn.Cell] = []
        if always_expand or in_channels != channels:
            layers += [conv(in_channels, channels, 1, fan="fan_out"), nn.BatchNorm2d(channels), activation()]
        depthwise = conv(
            channels, channels, kernel_size, stride=stride, groups=channels, pad_mode="same", fan="fan_out"
        )
        layers += [depthwise, nn.BatchNorm2d(channels), activation()]
        if excite is not None:
            layers.append(SqueezeExcite(channels, dense=excite == "SqueezeExciteV2"))
        layers += [conv(channels, out_channels, 1, fan="fan_out"), nn.BatchNorm2d(out_channels)]
        self.layers = nn.SequentialCell(layers)

    def construct(self, x: Tensor) -> Tensor:
        y = self.layers(x)
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
    ) -> None:
        super().__init__()
        if alpha <= 0:
            raise ConfigError(f"det_mobilenet_v3 alpha {alpha}: expected a positive width multiplier, such as 0.5")
        always_expand = bottleneck_params.get("always_expand", False)
        se_version = bottleneck_params.get("se_version", "SqueezeExcite")
        self.pretrained = pretrained
        recipe = (architecture, alpha, always_expand, se_version)
        self.released_weights = _RELEASED_LARGE_050 if recipe == ("large", 0.5, True, "SqueezeExciteV2") else None

        channels, stride = round_channels(16 * alpha), 2
        features: list[nn.Cell] = [conv(3, channels, 3, stride=2, fan="fan_out"), nn.BatchNorm2d(channels), nn.HSwish()]
        ends = {len(features) - 1: (channels, stride)}
        for kernel, expanded, target, excited, hard_swish, step in _UNITS[architecture]:
            expanded, target = round_channels(expanded * alpha), round_channels(target * alpha)
            activation = nn.HSwish if hard_swish else nn.ReLU
            excite = se_version if excited else None
            features.append(
                InvertedResidual(channels, expanded, target, kernel, step, activation, excite, always_expand)
            )
            channels, stride = target, stride * step
            ends[len(features) - 1] = (channels, stride)
        features += [conv(channels, channels * 6, 1, fan="fan_out"), nn.BatchNorm2d(channels * 6), nn.HSwish()]
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
