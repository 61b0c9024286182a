"""Cross-entropy of a classifier."""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.registry import LOSSES


@LOSSES.register
class ClsLoss(nn.Cell):
    """Mean cross-entropy, in float32.

    Args:
        smoothing: share of the target that is spread evenly over all classes, in [0, 1) (label smoothing).

    Raises:
        ConfigError: ``smoothing`` is outside [0, 1).
    """

    reads = ("logits",)
    labels = ("class_number",)
    term_names = ("cross_entropy",)

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__()
        if not 0 <= smoothing < 1:
            raise ConfigError(f"ClsLoss smoothing {smoothing}: expected a number from 0 to below 1")
        self.smoothing = smoothing

    def construct(self, logits: Tensor, class_number: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of one batch.

        Args:
            logits: (N, C) of any float type.
            class_number: (N,) class of each image, from 0; any integer type.

        Returns:
            The total, a float32 scalar, and (1,) float32 with the same number.
        """
        targets = ops.cast(class_number, ms.int32)
        loss = ops.cross_entropy(ops.cast(logits, ms.float32), targets, label_smoothing=self.smoothing)
        return loss, loss.reshape((1,))
