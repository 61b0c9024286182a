"""Normalisation as the first layer of a training step, so that images are copied to the device as uint8."""

from collections.abc import Sequence

import mindspore as ms
from mindspore import Tensor, nn, ops


class Normalize(nn.Cell):
    """(N, H, W, 3) uint8 images, 0-255, become (N, 3, H, W) float32, (value - mean) / std for each channel.

    The arithmetic is that of the op ``NormalizeImage`` followed by ``ToCHWImage``.

    Args:
        mean, std: three values each, for the channels in the order they have after a swap.
        swap: exchange red and blue first.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], swap: bool = False) -> None:
        super().__init__()
        self.mean = Tensor(mean, ms.float32).reshape((1, 3, 1, 1))
        self.std = Tensor(std, ms.float32).reshape((1, 3, 1, 1))
        self.swap = swap

    def construct(self, image: Tensor) -> Tensor:
        planes = ops.cast(ops.transpose(image, (0, 3, 1, 2)), ms.float32)
        if self.swap:
            planes = ops.concat((planes[:, 2:3], planes[:, 1:2], planes[:, 0:1]), 1)
        return (planes - self.mean) / self.std
