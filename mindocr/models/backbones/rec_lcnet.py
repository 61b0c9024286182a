"""PP-LCNet for text lines (PP-OCRv2 "Lightweight CPU network", PP-OCRv3): the height is reduced, the width kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mindspore import Tensor, nn

from mindocr.errors import ConfigError
from mindocr.models.layers import ConvNormAct, SqueezeExcite
from mindocr.registry import BACKBONES

# Kernel of the depthwise convolution, channels at scale 1, stride (height, width), squeeze-and-excitation
_BLOCKS: tuple[tuple[int, int, tuple[int, int], bool], ...] = (
    (3, 64, (1, 1), False),
    (3, 128, (1, 1), False),
    (3, 128, (1, 1), False),
    (3, 256, (2, 1), False),
    (3, 256, (1, 1), False),
    (3, 512, (2, 1), False),
    *[(5, 512, (1, 1), False)] * 5,
    (5, 1024, (2, 1), True),
    (5, 1024, (1, 1), True),
)
_STEM = 32  # channels at scale 1


@BACKBONES.register(name="rec_lcnet")
class RecLCNet(nn.Cell):
    """Depthwise-separable blocks with hard-swish, then a pooling of 2 x 2.

    A text line of height 32 (PP-OCRv2) or 48 (PP-OCRv3) becomes one row of features.

    Args:
        scale: width multiplier, above 0.
        last_stride: (height, width) of the last block: (1, 1) in PP-OCRv2, (1, 2) in PP-OCRv3.
        pooling: ``max`` in PP-OCRv2, ``mean`` in PP-OCRv3.
        pretrained: path or URL of a checkpoint of this backbone alone; no released weights are known.

    Attributes:
        out_channels: channels of the output.

    Raises:
        ConfigError: scale is not positive, or ``last_stride`` has another form.
    """

    released_weights: str | None = None

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
        """How the width becomes time steps, see ``config/time_steps.py``."""
        last = arguments.get("last_stride", (1, 2))
        return {"width_divisions": (2, *(last[1:2] if isinstance(last, Sequence) else ()), -2)}

    def __init__(
        self,
        scale: float = 0.5,
        last_stride: Sequence[int] = (1, 2),
        pooling: Literal["max", "mean"] = "mean",
        pretrained: bool | str | None = None,
    ) -> None:
        super().__init__()
        if scale <= 0:
            raise ConfigError(f"rec_lcnet scale {scale}: expected a number above 0; PP-OCR uses 0.5")
        if len(last_stride) != 2 or not set(last_stride) <= {1, 2}:
            raise ConfigError(f"rec_lcnet last_stride {list(last_stride)}: expected [height, width], each 1 or 2")
        self.pretrained = pretrained
        # An image of any width and of the height of the recipe is possible, so no side is bound to a multiple.
        self.strides = [1]
        channels = int(_STEM * scale)
        self.conv = ConvNormAct(3, channels, 3, stride=2, act=nn.HSwish())
        blocks = []
        for i, (kernel, wide, stride, excite) in enumerate(_BLOCKS):
            last = i == len(_BLOCKS) - 1
            target = int(wide * scale)
            chosen = (last_stride[0], last_stride[1]) if last else stride
            blocks.append(SeparableBlock(channels, target, kernel, chosen, excite))
            channels = target
        self.blocks = nn.SequentialCell(blocks)
        pool = nn.MaxPool2d if pooling == "max" else nn.AvgPool2d
        self.pool = pool(kernel_size=2, stride=2)
        self.out_channels = channels

    def construct(self, x: Tensor) -> Tensor:
        """Text lines (N, 3, H, W) -> features (N, out_channels, 1, T)."""
        return self.pool(self.blocks(self.conv(x)))


class SeparableBlock(nn.Cell):
    """A depthwise convolution, squeeze-and-excitation if ``excite``, a 1x1 convolution; hard-swish behind both."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: tuple[int, int], excite: bool) -> None:
        super().__init__()
        self.depthwise = ConvNormAct(
            in_channels, in_channels, kernel, stride=stride, groups=in_channels, act=nn.HSwish()
        )
        self.se = SqueezeExcite(in_channels, in_channels // 4, names=("conv1", "conv2")) if excite else None
        self.pointwise = ConvNormAct(in_channels, out_channels, 1, act=nn.HSwish())

    def construct(self, x: Tensor) -> Tensor:
        x = self.depthwise(x)
        if self.se is not None:
            x = self.se(x)
        return self.pointwise(x)
