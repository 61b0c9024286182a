"""A head for connectionist temporal classification (CTC): one distribution over characters for each time step."""

from __future__ import annotations

import math

import mindspore as ms
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Uniform

from mindocr.errors import ConfigError
from mindocr.registry import HEADS


@HEADS.register
class CTCHead(nn.Cell):
    """Dense layers on each time step.

    Args:
        in_channels: channels of a time step.
        out_channels: number of classes, the blank (class 0) included: that of the character dictionary plus 1, and one
            more if a space is added to it.
        mid_channels: channels of another dense layer before, without activation, as in PP-OCRv2; empty = none.

    Attributes:
        outputs: in training ``logits`` (N, T, out_channels) float32.
        inference_outputs: ``probs``, their softmax.

    Raises:
        ConfigError: fewer than 2 classes.
    """

    outputs: tuple[str, ...] = ("logits",)
    inference_outputs: tuple[str, ...] = ("probs",)

    def __init__(self, in_channels: int, out_channels: int, mid_channels: int | None = None) -> None:
        super().__init__()
        if out_channels < 2:
            raise ConfigError(f"CTCHead out_channels {out_channels}: expected the blank and at least one character")
        self.fc1 = _dense(in_channels, mid_channels) if mid_channels else None
        self.fc = _dense(mid_channels or in_channels, out_channels)

    def construct(self, steps: Tensor) -> Tensor:
        """(N, T, in_channels) -> (N, T, out_channels): logits in training, else probabilities."""
        if self.fc1 is not None:
            steps = self.fc1(steps)
        logits = ops.cast(self.fc(steps), ms.float32)
        return logits if self.training else ops.softmax(logits, -1)


def _dense(in_channels: int, out_channels: int) -> nn.Dense:
    limit = 1 / math.sqrt(in_channels)
    return nn.Dense(in_channels, out_channels, weight_init=Uniform(limit), bias_init=Uniform(limit))
