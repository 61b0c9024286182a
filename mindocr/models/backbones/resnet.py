"""ResNet feature extractors (He et al., CVPR 2016), with the stride on the 3x3 convolution of a bottleneck.

ResNet-vd, the backbone of PP-OCR's large detectors, has another stem and other shortcuts (He et al., CVPR 2019, "Model
Tweaks", ResNet-D). Any stage may have deformable convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mindspore import Tensor, nn

from mindocr.models.deformable import Deformable, DeformableConv, Origin
from mindocr.models.layers import ConvNormAct, conv, halve_by_maximum
from mindocr.registry import BACKBONES

_RELEASED = "https://download.mindspore.cn/toolkits/mindcv/resnet/"
_DEPTHS = {18: ((2, 2, 2, 2), False), 50: ((3, 4, 6, 3), True)}
_RIGID = (False, False, False, False)


class ResidualBlock(nn.Cell):
    """Convolutions with BatchNorm, added to the input (or to its 1x1 projection), then ReLU.

    Args:
        in_channels: channels of the input.
        channels: channels of the 3x3 convolutions.
        stride: 1 or 2.
        bottleneck: 1x1, 3x3, 1x1 to 4 x ``channels`` instead of two 3x3.
        opens_vd: it is the first block of a stage of a ResNet-vd: its shortcut always has a 1x1 convolution, and means
            of 2x2 pixels take the place of the convolution's stride.
        deformable: kind of the deformable convolution in place of the second convolution; None = none.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int,
        bottleneck: bool,
        opens_vd: bool = False,
        deformable: Deformable | None = None,
    ) -> None:
        super().__init__()
        kernels = (1, 3, 1) if bottleneck else (3, 3)
        widths = (channels, channels, channels * 4) if bottleneck else (channels, channels)
        self.depth = len(kernels)
        source = in_channels
        for i, (kernel, width) in enumerate(zip(kernels, widths)):
            step = stride if i == kernels.index(3) else 1
            if deformable is not None and i == 1:
                layer = DeformableConv(source, width, step, deformable.groups, deformable.origin)
            else:
                layer = conv(source, width, kernel, stride=step, fan="fan_out")
            setattr(self, f"conv{i + 1}", layer)
            setattr(self, f"bn{i + 1}", nn.BatchNorm2d(width))
            source = width
        self.relu = nn.ReLU()
        self.down_sample = None
        # For an odd size, the means at the border are of the pixels that there are.
        self.halve = nn.AvgPool2d(2, stride=2, pad_mode="same") if opens_vd and stride == 2 else None
        if opens_vd or stride != 1 or in_channels != source:
            projection = conv(in_channels, source, 1, stride=1 if opens_vd else stride, fan="fan_out")
            self.down_sample = nn.SequentialCell([projection, nn.BatchNorm2d(source)])

    def construct(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.depth == 3:
            y = self.bn3(self.conv3(self.relu(y)))
        shortcut = x if self.halve is None else self.halve(x)
        if self.down_sample is not None:
            shortcut = self.down_sample(shortcut)
        return self.relu(y + shortcut)


class ResNet(nn.Cell):
    """The four stages of a ResNet, without its classifier.

    Args:
        depth: 18, of blocks of two 3x3 convolutions, or 50, of bottlenecks.
        pretrained: weights to start from, loaded by ``build_model``: True for the released ImageNet weights, or a path
            or URL of a checkpoint of this backbone alone. Deformable convolutions keep their initial shifts.
        pad_mode: how the stem's pooling pads. ``same``, at the bottom right only, as MindOCR's weights were trained;
            ``centred``, on all sides, as PyTorch's were. The wrong mode moves the feature maps by two pixels of the
            image.
        deformable: which stages have deformable convolutions; in a bottleneck they replace the 3x3 convolution, else
            the second one.
        vd: ResNet-vd: three 3x3 convolutions as the stem, and means of 2x2 pixels in the shortcuts.

    Raises:
        ConfigError: not four stages, or a number of groups that does not divide the channels.
    """

    def __init__(
        self,
        depth: Literal[18, 50],
        pretrained: bool | str | None,
        pad_mode: Literal["same", "centred"],
        deformable: Deformable,
        vd: bool = False,
    ) -> None:
        super().__init__()
        deformable.check()
        blocks, bottleneck = _DEPTHS[depth]
        self.pretrained = pretrained
        self.released_weights: str | None = None
        self.out_channels = [64 * 2**i * (4 if bottleneck else 1) for i in range(4)]
        self.strides = [4, 8, 16, 32]
        self.relu = nn.ReLU()
        self.stem = None
        if vd:
            sizes = ((3, 32, 2), (32, 32, 1), (32, 64, 1))
            self.stem = nn.SequentialCell([ConvNormAct(a, b, 3, stride=s, act=nn.ReLU()) for a, b, s in sizes])
        else:
            self.conv1 = conv(3, 64, 7, stride=2, fan="fan_out")
            self.bn1 = nn.BatchNorm2d(64)
        self.max_pool = halve_by_maximum(pad_mode)
        sources = [64, *self.out_channels[:-1]]
        for i, (source, target, count) in enumerate(zip(sources, self.out_channels, blocks)):
            width, kind = 64 * 2**i, deformable if deformable.stages[i] else None
            first = ResidualBlock(source, width, 1 if i == 0 else 2, bottleneck, vd, kind)
            others = [ResidualBlock(target, width, 1, bottleneck, deformable=kind) for _ in range(count - 1)]
            setattr(self, f"layer{i + 1}", nn.SequentialCell([first, *others]))

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(N, 3, H, W) -> four maps (N, out_channels[i], H / strides[i], W / strides[i]), finest first."""
        x = self.relu(self.bn1(self.conv1(x))) if self.stem is None else self.stem(x)
        c2 = self.layer1(self.max_pool(x))
        c3 = self.layer2(c2)
        c4 = self.layer3(c3)
        c5 = self.layer4(c4)
        return c2, c3, c4, c5


@BACKBONES.register(name="det_resnet18")
class DetResNet18(ResNet):
    """ResNet-18: 11.2 M parameters.

    Args:
        pretrained, pad_mode: see :class:`ResNet`.
        dcn_stages: for each of the four stages, whether it has deformable convolutions; DBNet's paper has them in the
            last three.
        dcn_groups, dcn_origin: ``groups`` and ``origin`` of :class:`~mindocr.models.deformable.DeformableConv`.
    """

    def __init__(
        self,
        pretrained: bool | str | None = None,
        pad_mode: Literal["same", "centred"] = "same",
        dcn_stages: Sequence[bool] = _RIGID,
        dcn_groups: int = 1,
        dcn_origin: Origin = "paper",
    ) -> None:
        super().__init__(18, pretrained, pad_mode, Deformable(dcn_stages, dcn_groups, dcn_origin))
        self.released_weights = _RELEASED + "resnet18-1e65cd21.ckpt"


@BACKBONES.register(name="det_resnet50")
class DetResNet50(ResNet):
    """ResNet-50: 23.5 M parameters; the arguments are those of :class:`DetResNet18`."""

    def __init__(
        self,
        pretrained: bool | str | None = None,
        pad_mode: Literal["same", "centred"] = "same",
        dcn_stages: Sequence[bool] = _RIGID,
        dcn_groups: int = 1,
        dcn_origin: Origin = "paper",
    ) -> None:
        super().__init__(50, pretrained, pad_mode, Deformable(dcn_stages, dcn_groups, dcn_origin))
        self.released_weights = _RELEASED + "resnet50-e0733ab8.ckpt"


@BACKBONES.register(name="det_resnet18_vd")
class DetResNet18Vd(ResNet):
    """ResNet-18-vd: 11.2 M parameters. Its pooling pads on all sides, as Paddle's does.

    Args:
        pretrained: weights to start from, loaded by ``build_model``: a path or URL of a checkpoint of this backbone
            alone. No released weights are known, so True is an error there.
        dcn_stages, dcn_groups: see :class:`DetResNet18`; PaddleOCR uses two groups.
    """

    def __init__(
        self, pretrained: bool | str | None = None, dcn_stages: Sequence[bool] = _RIGID, dcn_groups: int = 1
    ) -> None:
        super().__init__(18, pretrained, "centred", Deformable(dcn_stages, dcn_groups), vd=True)


@BACKBONES.register(name="det_resnet50_vd")
class DetResNet50Vd(ResNet):
    """ResNet-50-vd: 23.5 M parameters; the arguments are those of :class:`DetResNet18Vd`."""

    def __init__(
        self, pretrained: bool | str | None = None, dcn_stages: Sequence[bool] = _RIGID, dcn_groups: int = 1
    ) -> None:
        super().__init__(50, pretrained, "centred", Deformable(dcn_stages, dcn_groups), vd=True)
