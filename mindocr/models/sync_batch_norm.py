"""BatchNorm whose statistics come from the batches of all ranks."""

from mindspore import nn, ops


class SyncBatchNorm2d(nn.BatchNorm2d):
    """Normalises (N, C, H, W) per channel, in training by mean and variance over the images of all ranks, in float32.

    Not constructed directly: :func:`synchronise` converts an ``nn.BatchNorm2d``, whose parameters and names stay.
    """

    def construct(self, x):
        if not self.training:
            return super().construct(x)
        exact = ops.cast(x, self.moving_mean.dtype)
        n, c, h, w = x.shape
        sums = self.sum_over_ranks(ops.stack((exact.sum((0, 2, 3)), (exact * exact).sum((0, 2, 3)))))
        count = n * h * w * self.ranks
        mean = sums[0] / count
        variance = ops.relu(sums[1] / count - mean * mean)
        unbiased = variance * (count / (count - 1.0))
        kept = 1.0 - self.momentum
        ops.assign(self.moving_mean, ops.stop_gradient(kept * self.moving_mean + self.momentum * mean))
        ops.assign(self.moving_variance, ops.stop_gradient(kept * self.moving_variance + self.momentum * unbiased))
        scale = self.gamma * ops.rsqrt(variance + self.eps)
        normal = (exact - mean.reshape((1, c, 1, 1))) * scale.reshape((1, c, 1, 1)) + self.beta.reshape((1, c, 1, 1))
        return ops.cast(normal, x.dtype)


def synchronise(network: nn.Cell, ranks: int) -> int:
    """Make every ``nn.BatchNorm2d`` of ``network`` take its statistics over ``ranks`` ranks; returns their number.

    A BatchNorm that never takes its statistics from a batch stays as it is. Call it before the network first runs, and
    on every rank.
    """
    changed = 0
    for _, cell in network.cells_and_names():
        if type(cell) is nn.BatchNorm2d and cell.use_batch_statistics is not False:
            # Parents hold the cell in lists and attributes of many kinds, so it is not replaced; its class is changed.
            cell.__class__ = SyncBatchNorm2d
            cell.sum_over_ranks = ops.AllReduce()
            cell.ranks = ranks
            changed += 1
    return changed
