"""ResNet feature extractors (He et al., CVPR 2016), with the stride on the 3x3 convolution of a bottleneck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mindspore import Tensor, nn

from mindocr.models.layers import conv, halve_by_maximum
from mindocr.registry import BACKBONES

_RELEASED = "https://download.mindspore.cn/toolkits/mindcv/resnet/"


class ResidualBlock(nn.Cell):
    """Convolutions with BatchNorm, added to the input (or to its 1x1 projection), then ReLU.

    Args:
        in_channels: channels of the input.
        channels: channels of the 3x3 convolutions.
        stride: 1 or 2.
        bottleneck: 1x1, 3x3, 1x1 to 4 x ``channels`` instead of two 3x3.
    """

    def __init__(self, in_channels: int, channels: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        kernels = (1, 3, 1) if bottleneck else (3, 3)
        widths = (channels, channels, channels * 4) if bottleneck else (channels, channels)
        self.depth = len(kernels)
        source = in_channels
        for i, (kernel, width) in enumerate(zip(kernels, widths)):
            step = stride if i == kernels.index(3) else 1
            setattr(self, f"conv{i + 1}", conv(source, width, kernel, stride=step, fan="fan_out"))
            setattr(self, f"bn{i + 1}", nn.BatchNorm2d(width))
            source = width
        self.relu = nn.ReLU()
        self.down_sample = None
        if stride != 1 or in_channels != source:
            projection = conv(in_channels, source, 1, stride=stride, fan="fan_out")
            self.down_sample = nn.SequentialCell([projection, nn.BatchNorm2d(source)])

    def construct(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.depth == 3:
            y = self.bn3(self.conv3(self.relu(y)))
        shortcut = x if self.down_sample is None else self.down_sample(x)
        return self.relu(y + shortcut)


class ResNet(nn.Cell):
    """The four stages of a ResNet, without its classifier.

    Args:
        blocks: number of blocks in each of the four stages.
        bottleneck: kind of block, see :class:`ResidualBlock`.
        pretrained: weights to start from, loaded by ``build_model``: True for the released ImageNet weights, or a path
            or URL of a checkpoint of this backbone alone.
        released_weights: URL that ``pretrained: True`` stands for.
        pad_mode: how the stem's pooling pads. ``same``, at the bottom right only, as MindOCR's weights were trained;
            ``centred``, on all sides, as PyTorch's were. The wrong mode moves the feature maps by two pixels of the
            image.
    """

    def __init__(
        self,
        blocks: Sequence[int],
        bottleneck: bool,
        pretrained: bool | str | None = None,
        released_weights: str | None = None,
        pad_mode: Literal["same", "centred"] = "same",
    ) -> None:
        super().__init__()
        self.pretrained = pretrained
        self.released_weights = released_weights
        self.out_channels = [64 * 2**i * (4 if bottleneck else 1) for i in range(4)]
        self.strides = [4, 8, 16, 32]
        self.conv1 = conv(3, 64, 7, stride=2, fan="fan_out")
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.max_pool = halve_by_maximum(pad_mode)
        sources = [64, *self.out_channels[:-1]]
        for i, (source, target, count) in enumerate(zip(sources, self.out_channels, blocks)):
            first = ResidualBlock(source, 64 * 2**i, 1 if i == 0 else 2, bottleneck)
            others = [ResidualBlock(target, 64 * 2**i, 1, bottleneck) for _ in range(count - 1)]
            setattr(self, f"layer{i + 1}", nn.SequentialCell([first, *others]))

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(N, 3, H, W) -> four maps (N, out_channels[i], H / strides[i], W / strides[i]), finest first."""
        x = self.max_pool(self.relu(self.bn1(self.conv1(x))))
        c2 = self.layer1(x)
        c3 = self.layer2(c2)
        c4 = self.layer3(c3)
        c5 = self.layer4(c4)
        return c2, c3, c4, c5


@BACKBONES.register(name="det_resnet18")
class DetResNet18(ResNet):
    """ResNet-18: 11.2 M parameters; the arguments are those of :class:`ResNet`."""

    def __init__(self, pretrained: bool | str | None = None, pad_mode: Literal["same", "centred"] = "same") -> None:
        super().__init__((2, 2, 2, 2), False, pretrained, _RELEASED + "resnet18-1e65cd21.ckpt", pad_mode)


@BACKBONES.register(name="det_resnet50")
class DetResNet50(ResNet):
    """ResNet-50: 23.5 M parameters; the arguments are those of :class:`ResNet`."""

    def __init__(self, pretrained: bool | str | None = None, pad_mode: Literal["same", "centred"] = "same") -> None:
        super().__init__((3, 4, 6, 3), True, pretrained, _RELEASED + "resnet50-e0733ab8.ckpt", pad_mode)
