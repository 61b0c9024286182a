"""A head for classification: one distribution over classes for each image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Uniform

from mindocr.errors import ConfigError
from mindocr.models.layers import conv
from mindocr.registry import HEADS


@HEADS.register
class ClsHead(nn.Cell):
    """Mean over all positions, then one dense layer (PP-OCR, "Direction classifier").

    Args:
        in_channels: channels of the features; of several maps, as detectors' backbones return them, the last counts.
        num_classes: number of classes, 2 or more.
        hidden_channels: a 1x1 convolution to so many channels and hard-swish behind the mean; 0 = none. PP-LCNet and
            MobileNetV3 have 1280.
        dropout: share of the features that training sets to 0 before the dense layer, in [0, 1).

    Attributes:
        outputs: in training ``logits`` (N, num_classes) float32.
        inference_outputs: ``probs``, their softmax.

    Raises:
        ConfigError: fewer than 2 classes, or an argument out of its range.
    """

    outputs: tuple[str, ...] = ("logits",)
    inference_outputs: tuple[str, ...] = ("probs",)

    def __init__(
        self, in_channels: int | Sequence[int], num_classes: int = 2, hidden_channels: int = 0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if num_classes < 2:
            raise ConfigError(f"ClsHead num_classes {num_classes}: expected at least 2")
        if hidden_channels < 0 or not 0 <= dropout < 1:
            raise ConfigError(
                f"ClsHead: expected hidden_channels of 0 or more and dropout from 0 to below 1, got {hidden_channels} "
                f"and {dropout}"
            )
        self.takes_last = not isinstance(in_channels, int)
        channels = in_channels if isinstance(in_channels, int) else in_channels[-1]
        self.hidden = None
        if hidden_channels:
            self.hidden = nn.SequentialCell([conv(channels, hidden_channels, 1, fan="fan_out"), nn.HSwish()])
            channels = hidden_channels
        self.dropout = nn.Dropout(p=dropout) if dropout else None
        limit = 1 / math.sqrt(channels)
        self.fc = nn.Dense(channels, num_classes, weight_init=Uniform(limit), bias_init=Uniform(limit))

    def construct(self, features: Any) -> Tensor:
        """(N, in_channels, H, W), or several maps -> (N, num_classes): logits in training, else probabilities."""
        if self.takes_last:
            features = features[-1]
        if self.hidden is None:
            means = features.mean((2, 3))
        else:
            means = self.hidden(features.mean((2, 3), True)).flatten(start_dim=1)
        if self.dropout is not None:
            means = self.dropout(means)
        logits = ops.cast(self.fc(means), ms.float32)
        return logits if self.training else ops.softmax(logits, -1)
