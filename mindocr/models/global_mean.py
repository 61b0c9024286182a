"""Means over a whole map, which can leave out the padding of images that lie in a larger one (shape buckets)."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops


class GlobalMean(nn.Cell):
    """The mean of each channel: (N, C, H, W) -> (N, C, 1, 1).

    Attributes:
        inside: see :func:`leave_out_padding`; None = the mean is that of the whole map.
    """

    def __init__(self) -> None:
        super().__init__()
        self.inside: Any = None

    def construct(self, x: Tensor) -> Tensor:
        if self.inside is None:
            return ops.mean(x, (2, 3), True)
        weights = self._rows(x.shape[2], 0) * self._rows(x.shape[3], 1).swapaxes(2, 3)
        return ops.cast(
            (x * ops.cast(weights, x.dtype)).sum((2, 3), keepdims=True) / weights.sum((2, 3), True), x.dtype
        )

    def _rows(self, length: int, axis: int) -> Tensor:
        """(N, 1, length, 1) float32, 1 where the centre of a cell lies in the image."""
        centres = (ops.cast(ops.arange(0, length, 1), ms.float32) + 0.5) / length
        return ops.cast(centres.reshape((1, 1, -1, 1)) < self.inside[:, axis].reshape((-1, 1, 1, 1)), ms.float32)


def leave_out_padding(network: nn.Cell, batch_size: int) -> Parameter | None:
    """Let the global means of a network leave out padding; with all values 1 nothing is left out.

    Means over the padding would change the features of the whole image, and with them what is found.

    Args:
        network: whose graphs are compiled afterwards.
        batch_size: number of images that the network gets at once.

    Returns:
        (batch_size, 2) float32: the share of height and of width, from the top left, that shows the image. Set it
        before each call of the network. None: the network has no global means.
    """
    means = [cell for _, cell in network.cells_and_names() if isinstance(cell, GlobalMean)]
    if not means:
        return None
    inside = Parameter(Tensor([[1.0, 1.0]] * batch_size, ms.float32), name="inside", requires_grad=False)
    for cell in means:
        cell.inside = inside
    return inside
