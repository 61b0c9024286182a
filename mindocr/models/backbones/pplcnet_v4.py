"""PPLCNetV4, the backbone of PP-OCRv6 (detector and recogniser)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.layers import ConvNormAct, SqueezeExcite
from mindocr.models.rep_layers import RepDepthwise
from mindocr.registry import BACKBONES

# Channels of the stages, and their blocks of stride 1: PP-OCRv6 small
_SMALL = {"det": ((48, 96, 192, 384), (2, 2, 4, 2)), "rec": ((96, 192, 384), (3, 6, 2))}


@BACKBONES.register(name="pplcnet_v4")
class PPLCNetV4(nn.Cell):
    """A stem of two paths, then blocks that mix neighbouring pixels and channels separately.

    Every stage after the first begins with a block that halves the map, in the recogniser only its height. Of the other
    blocks every second one has squeeze-and-excitation, beginning with the first; the last one of a stage has none.

    Deliberate difference from PaddleOCR: the recogniser takes the mean of all rows of the last map. The original takes
    that of the first three, which are all at its height of 48.

    Args:
        form: ``det`` returns one map per stage; ``rec`` returns one row of features for a text line.
        channels: of the stages; the first is a multiple of 4. None = those of PP-OCRv6 small.
        depths: blocks of stride 1 of each stage. None = those of PP-OCRv6 small.
        fused: build the form that released files hold: one convolution with a bias in place of branches and BatchNorms.
        pretrained: path or URL of a checkpoint of this backbone alone; no released weights are known.

    Attributes:
        out_channels: channels of each map; of the row for ``rec``.
        strides: of each map; [1] for ``rec``, whose lines may have any width.

    Raises:
        ConfigError: ``channels`` and ``depths`` of different lengths, or channels that cannot be divided.
    """

    released_weights: str | None = None

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
        """How the width becomes time steps, see ``config/time_steps.py``."""
        return {"width_divisions": (2, 2, -2) if arguments.get("form") == "rec" else ()}

    def __init__(
        self,
        form: Literal["det", "rec"] = "det",
        channels: Sequence[int] | None = None,
        depths: Sequence[int] | None = None,
        fused: bool = False,
        pretrained: bool | str | None = None,
    ) -> None:
        super().__init__()
        channels = list(_SMALL[form][0] if channels is None else channels)
        depths = list(_SMALL[form][1] if depths is None else depths)
        if len(channels) != len(depths) or not channels:
            raise ConfigError(f"pplcnet_v4: channels {channels} and depths {depths}: give one of each for every stage")
        if any(width < 4 or width % 4 for width in channels) or min(depths) < 1:
            raise ConfigError(
                f"pplcnet_v4: channels {channels} must be multiples of 4, and depths {depths} at least 1 each"
            )
        self.pretrained = pretrained
        self.rows = form == "rec"
        self.stem = _Stem(channels[0], fused)
        stages = []
        for i, (width, depth) in enumerate(zip(channels, depths)):
            halving = [_Block(channels[i - 1], width, (2, 1) if self.rows else (2, 2), False, fused)] if i else []
            excited = [n % 2 == 0 and n < depth - 1 for n in range(depth)]
            blocks = [_Block(width, width, (1, 1), each, fused) for each in excited]
            stages.append(nn.SequentialCell([*halving, *blocks]))
        self.stages = nn.CellList(stages)
        self.pool = nn.AvgPool2d(kernel_size=(1, 2), stride=(1, 2)) if self.rows else None
        self.strides = [1] if self.rows else [4 << i for i in range(len(channels))]
        self.out_channels: int | list[int] = channels[-1] if self.rows else channels

    def construct(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """(N, 3, H, W) -> maps (N, out_channels[i], H / strides[i], W / strides[i]); ``rec``: (N, C, 1, W / 8)."""
        x = self.stem(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        if self.pool is not None:
            return self.pool(ops.mean(x, 2, True))
        return tuple(maps)


class _Stem(nn.Cell):
    """(N, 3, H, W) -> (N, channels, H / 4, W / 4)."""

    def __init__(self, channels: int, fused: bool) -> None:
        super().__init__()
        half, quarter = channels // 2, channels // 4

        def layer(source: int, target: int, kernel: int, stride: int = 1) -> ConvNormAct:
            pad_mode: Literal["centred", "same"] = "same" if kernel == 2 else "centred"
            return ConvNormAct(source, target, kernel, stride=stride, pad_mode=pad_mode, act=nn.ReLU(), fused=fused)

        self.conv1 = layer(3, half, 3, 2)
        self.conv2 = layer(half, quarter, 2)
        self.conv3 = layer(quarter, half, 2)
        self.pool = nn.MaxPool2d(kernel_size=2, stride=1, pad_mode="same")
        self.conv4 = layer(channels, half, 3, 2)
        self.conv5 = layer(half, channels, 1)

    def construct(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        x = ops.concat((self.pool(x), self.conv3(self.conv2(x))), 1)
        return self.conv5(self.conv4(x))


class _Block(nn.Cell):
    """A depthwise convolution, squeeze-and-excitation, then two 1x1 convolutions of twice the width with GELU.

    The two are added to their input where the block changes neither size nor channels.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: tuple[int, int], excite: bool, fused: bool) -> None:
        super().__init__()
        self.residual = stride == (1, 1) and in_channels == out_channels
        if self.residual:
            self.mixer: nn.Cell = RepDepthwise(in_channels, fused)
        else:
            self.mixer = ConvNormAct(in_channels, in_channels, 3, stride=stride, groups=in_channels, fused=fused)
        self.se = SqueezeExcite(in_channels, in_channels // 4, names=("conv1", "conv2")) if excite else None
        wide = 2 * in_channels
        # MindSpore's GELU is an approximation by tanh unless told otherwise.
        self.expand = ConvNormAct(in_channels, wide, 1, act=nn.GELU(approximate=False), fused=fused)
        self.compress = ConvNormAct(wide, out_channels, 1, fused=fused)
        if self.residual and self.compress.bn is not None:
            self.compress.bn.gamma.set_data(ops.zeros_like(self.compress.bn.gamma))  # the block begins as an identity

    def construct(self, x: Tensor) -> Tensor:
        x = self.mixer(x)
        if self.se is not None:
            x = self.se(x)
        mixed = self.compress(self.expand(x))
        return x + mixed if self.residual else mixed
