"""VGG-16 feature extractor (Simonyan and Zisserman, ICLR 2015) without its last pooling: one map of stride 16."""

from __future__ import annotations

from mindspore import Tensor, nn

from mindocr.errors import ConfigError
from mindocr.models.layers import conv
from mindocr.registry import BACKBONES

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions of each block


@BACKBONES.register(name="det_vgg16")
class VGG16(nn.Cell):
    """Thirteen 3x3 convolutions in five blocks, each with ReLU, and 2x2 max pooling between the blocks.

    Parameters are named ``conv<block>_<number>.0`` (convolution) and ``conv<block>_<number>.1`` (BatchNorm), as in
    MindSpore's CTPN. Deliberate difference from it: there, BatchNorm's means and shifts start at 1, which has no use
    because it needs pretrained weights anyway; here, they start at 0.

    Args:
        batch_norm: BatchNorm after each convolution, which then has no bias; the CTPN paper has no BatchNorm.
        stored_statistics: BatchNorm normalises with its stored mean and variance in training, too, so they never
            change. This needs pretrained weights, and makes training independent of the batch size.
        frozen_blocks: convolutions of so many first blocks are not trained, from 0 to 5. BatchNorm's factors and
            shifts are trained in every block.
        pretrained: weights to start from, a path or URL of a checkpoint of this backbone alone.

    Raises:
        ConfigError: ``frozen_blocks`` is out of its range, or ``stored_statistics`` is set without BatchNorm.
    """

    def __init__(
        self,
        batch_norm: bool = True,
        stored_statistics: bool = False,
        frozen_blocks: int = 0,
        pretrained: bool | str | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= frozen_blocks <= len(BLOCKS):
            raise ConfigError(f"det_vgg16: frozen_blocks must be from 0 to {len(BLOCKS)}, got {frozen_blocks}")
        if stored_statistics and not batch_norm:
            raise ConfigError("det_vgg16: stored_statistics belong to BatchNorm; set batch_norm: True, or remove them")
        self.pretrained = pretrained
        self.released_weights = None
        self.out_channels = [BLOCKS[-1][0]]
        self.strides = [16]
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)
        source = 3
        for block, (width, count) in enumerate(BLOCKS, 1):
            for number in range(1, count + 1):
                layer = _layer(source, width, batch_norm, stored_statistics)
                for parameter in layer[0].get_parameters() if block <= frozen_blocks else ():
                    parameter.requires_grad = False
                setattr(self, f"conv{block}_{number}", layer)
                source = width

    def construct(self, x: Tensor) -> tuple[Tensor]:
        """(N, 3, H, W) -> one map (N, 512, H / 16, W / 16)."""
        x = self.conv1_2(self.conv1_1(x))
        x = self.conv2_2(self.conv2_1(self.pool(x)))
        x = self.conv3_3(self.conv3_2(self.conv3_1(self.pool(x))))
        x = self.conv4_3(self.conv4_2(self.conv4_1(self.pool(x))))
        x = self.conv5_3(self.conv5_2(self.conv5_1(self.pool(x))))
        return (x,)


def _layer(source: int, width: int, batch_norm: bool, stored_statistics: bool) -> nn.SequentialCell:
    cells: list[nn.Cell] = [conv(source, width, 3, bias=not batch_norm)]
    if batch_norm:
        cells.append(nn.BatchNorm2d(width, use_batch_statistics=False if stored_statistics else None))
    return nn.SequentialCell([*cells, nn.ReLU()])
