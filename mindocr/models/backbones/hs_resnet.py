"""HS-ResNet: a ResNet-vd whose bottlenecks split their channels hierarchically (Yuan et al., arXiv 2010.07621)."""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.layers import ConvNormAct, conv, halve_by_maximum
from mindocr.registry import BACKBONES

_BLOCKS = (3, 4, 6, 3)  # bottlenecks of each stage, as in ResNet-50
_EXPANSION = 4


def split_widths(splits: int, width: int) -> list[tuple[int, int]]:
    """Channels of the groups of a hierarchical split: (to the output, on to the next group) for each.

    Group 1 goes to the output as it is. The convolution of group i > 1 has as many channels as its group and what
    comes from the group before; the larger half of its result goes to the output, the rest to the next group. The last
    group keeps nothing back, so that all outputs together have ``splits * width`` channels.

    Args:
        splits: number of groups, s in the paper, 2 or more.
        width: channels of each group, w in the paper.
    """
    widths, carried = [(width, 0)], 0
    for i in range(1, splits):
        channels = width + carried
        carried = 0 if i == splits - 1 else channels // 2
        widths.append((channels - carried, carried))
    return widths


class HierarchicalSplit(nn.Cell):
    """The hierarchical-split block in place of a 3x3 convolution (paper, section 3.1).

    Args:
        splits, width: see :func:`split_widths`; the block takes and returns ``splits * width`` channels.
    """

    def __init__(self, splits: int, width: int) -> None:
        super().__init__()
        self.splits, self.width = splits, width
        self.widths = split_widths(splits, width)
        layers = []
        for given, carried in self.widths[1:]:
            channels = given + carried
            layers.append(ConvNormAct(channels, channels, 3, act=nn.ReLU()))
        self.layers = nn.CellList(layers)

    def construct(self, x: Tensor) -> Tensor:
        """(N, splits * width, H, W) -> the same shape."""
        groups = ops.split(x, self.width, 1)
        parts = [groups[0]]
        carry = None
        for i in range(1, self.splits):
            group = groups[i] if carry is None else ops.concat((groups[i], carry), 1)
            made = self.layers[i - 1](group)
            given, carried = self.widths[i]
            if carried:
                parts.append(made[:, :given])
                carry = made[:, given:]
            else:
                parts.append(made)
        return ops.concat(parts, 1)


class _Bottleneck(nn.Cell):
    """1x1, hierarchical split, 1x1, added to the input.

    A block that halves the sides has a plain 3x3 convolution of stride 2 in place of the split.
    """

    def __init__(self, in_channels: int, splits: int, width: int, out_channels: int, stride: int) -> None:
        super().__init__()
        inner = splits * width
        self.reduce = ConvNormAct(in_channels, inner, 1, act=nn.ReLU())
        self.middle = (
            HierarchicalSplit(splits, width) if stride == 1 else ConvNormAct(inner, inner, 3, stride=2, act=nn.ReLU())
        )
        self.expand = ConvNormAct(inner, out_channels, 1)
        self.halve = nn.AvgPool2d(2, stride=2, pad_mode="same") if stride == 2 else None
        self.project = None
        if in_channels != out_channels:
            project = conv(in_channels, out_channels, 1, fan="fan_out")
            self.project = nn.SequentialCell([project, nn.BatchNorm2d(out_channels)])
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        y = self.expand(self.middle(self.reduce(x)))
        shortcut = x if self.halve is None else self.halve(x)
        if self.project is not None:
            shortcut = self.project(shortcut)
        return self.relu(y + shortcut)


@BACKBONES.register(name="hs_resnet50")
class HSResNet50(nn.Cell):
    """HS-ResNet-50 with the stem and the shortcuts of ResNet-vd.

    The paper does not state how its blocks halve the sides, and the official code was not found: here such a block has
    an ordinary 3x3 convolution of stride 2. The carried channels stand behind those of the next group.

    Args:
        splits: groups of a block (s); more see more scales and are slower.
        width: channels of a group in the first stage (w); it doubles with each stage.
        pretrained: weights to start from, loaded by ``build_model``: a path or URL of a checkpoint of this backbone
            alone. No released weights are known, so True is an error there.

    Attributes:
        out_channels, strides: of the four maps, finest first.

    Raises:
        ConfigError: fewer than two groups, or a group without channels.
    """

    released_weights: str | None = None

    def __init__(self, splits: int = 5, width: int = 28, pretrained: bool | str | None = None) -> None:
        super().__init__()
        if splits < 2:
            raise ConfigError(f"hs_resnet50 splits {splits}: expected 2 or more groups; the paper uses 5")
        if width < 1:
            raise ConfigError(f"hs_resnet50 width {width}: expected 1 or more channels a group; the paper uses 28")
        self.pretrained = pretrained
        self.out_channels = [64 * 2**i * _EXPANSION for i in range(len(_BLOCKS))]
        self.strides = [4, 8, 16, 32]
        sizes = ((3, 32, 2), (32, 32, 1), (32, 64, 1))
        self.stem = nn.SequentialCell([ConvNormAct(a, b, 3, stride=s, act=nn.ReLU()) for a, b, s in sizes])
        self.max_pool = halve_by_maximum("centred")
        stages, source = [], 64
        for i, (count, target) in enumerate(zip(_BLOCKS, self.out_channels)):
            blocks = []
            for number in range(count):
                stride = 2 if number == 0 and i > 0 else 1
                blocks.append(_Bottleneck(source, splits, width * 2**i, target, stride))
                source = target
            stages.append(nn.SequentialCell(blocks))
        self.stages = nn.CellList(stages)

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) -> four maps (N, out_channels[i], H / strides[i], W / strides[i]), finest first."""
        x = self.max_pool(self.stem(x))
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return tuple(maps)
