"""A head for classification: one distribution over classes for each image."""

from __future__ import annotations

import math

import mindspore as ms
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Uniform

from mindocr.errors import ConfigError
from mindocr.registry import HEADS


@HEADS.register
class ClsHead(nn.Cell):
    """Mean over all positions, then one dense layer (PP-OCR, "Direction classifier").

    Args:
        in_channels: channels of the features.
        num_classes: number of classes, 2 or more.

    Attributes:
        outputs: in training ``logits`` (N, num_classes) float32.
        inference_outputs: ``probs``, their softmax.

    Raises:
        ConfigError: fewer than 2 classes.
    """

    outputs: tuple[str, ...] = ("logits",)
    inference_outputs: tuple[str, ...] = ("probs",)

    def __init__(self, in_channels: int, num_classes: int = 2) -> None:
        super().__init__()
        if num_classes < 2:
            raise ConfigError(f"ClsHead num_classes {num_classes}: expected at least 2")
        limit = 1 / math.sqrt(in_channels)
        self.fc = nn.Dense(in_channels, num_classes, weight_init=Uniform(limit), bias_init=Uniform(limit))

    def construct(self, features: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, num_classes): logits in training, else probabilities."""
        logits = ops.cast(self.fc(features.mean((2, 3))), ms.float32)
        return logits if self.training else ops.softmax(logits, -1)
