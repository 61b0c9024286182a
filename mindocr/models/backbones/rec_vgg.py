"""The convolutional layers of CRNN (Shi et al., TPAMI 2017, table 1): text lines of height 32 become one row."""

from __future__ import annotations

from mindspore import Tensor, nn

from mindocr.errors import ConfigError
from mindocr.models.layers import ConvNormAct
from mindocr.registry import BACKBONES

# Channels at width 1 of each 3x3 convolution, and the (rows, columns) that the max pooling behind it takes together
_LAYERS = ((64, (2, 2)), (128, (2, 2)), (256, None), (256, (2, 1)), (512, None), (512, (2, 1)))
_LAST = 512


@BACKBONES.register(name="rec_vgg7")
class RecVGG7(nn.Cell):
    """Six 3x3 convolutions with max pooling, and a 2x2 convolution without padding.

    Deliberate difference from the paper: every convolution has BatchNorm, there only two of them, and the poolings that
    keep the columns take two rows by one column; there they overlap.

    Args:
        width: factor of all channels, > 0; a multiple of 1/64.
        pretrained: path or URL of a checkpoint of this backbone alone; no released weights are known.

    Attributes:
        out_channels: channels of the output.

    Raises:
        ConfigError: ``width`` gives no whole numbers of channels.
    """

    released_weights: str | None = None

    def __init__(self, width: float = 1.0, pretrained: bool | str | None = None) -> None:
        super().__init__()
        if width <= 0 or (64 * width) % 1:
            raise ConfigError(f"rec_vgg7 width {width}: expected a positive multiple of 1/64")
        self.pretrained = pretrained
        self.strides = [1]  # any width is possible
        cells: list[nn.Cell] = []
        source = 3
        for channels, pooled in _LAYERS:
            target = round(channels * width)
            cells.append(ConvNormAct(source, target, 3, act=nn.ReLU()))
            if pooled:
                cells.append(nn.MaxPool2d(kernel_size=pooled, stride=pooled))
            source = target
        self.out_channels = round(_LAST * width)
        self.features = nn.SequentialCell(cells)
        self.last = nn.SequentialCell(
            [
                nn.Conv2d(source, self.out_channels, 2, pad_mode="valid", weight_init="HeNormal"),
                nn.BatchNorm2d(self.out_channels),
                nn.ReLU(),
            ]
        )

    def construct(self, x: Tensor) -> Tensor:
        """Text lines (N, 3, 32, W) -> features (N, out_channels, 1, W / 4 - 1), rounded down."""
        return self.last(self.features(x))
