"""Context along the rows of a feature map (CTPN, ECCV 2016, "Recurrent Connectionist Text Proposals")."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.layers import conv
from mindocr.registry import NECKS


@NECKS.register
class RowLSTM(nn.Cell):
    """A 3x3 convolution, a bidirectional LSTM along each row, and a dense layer for each position.

    The rows of all images form one batch, so any batch size works; MindSpore's CTPN takes one image. The LSTM computes
    in float32, whatever the precision of the other layers.

    Args:
        in_channels: channels of each feature map of the backbone; the coarsest map is used.
        hidden: channels of the LSTM in each direction.
        out_channels: channels of the output.
        bias: give the 3x3 convolution a bias.
        relu: ReLU after the 3x3 convolution.
        dropout: share of the LSTM's inputs that are set to 0 in training, in [0, 1).

    Attributes:
        out_channels: as given.

    Raises:
        ConfigError: a size below 1, or ``dropout`` out of its range.
    """

    def __init__(
        self,
        in_channels: list[int],
        hidden: int = 128,
        out_channels: int = 512,
        bias: bool = False,
        relu: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if hidden < 1 or out_channels < 1:
            raise ConfigError(f"RowLSTM: hidden {hidden} and out_channels {out_channels} must be 1 or more")
        if not 0 <= dropout < 1:
            raise ConfigError(f"RowLSTM: dropout must be in [0, 1), got {dropout}")
        width = in_channels[-1]
        self.hidden = hidden
        self.out_channels = out_channels
        self.conv = conv(width, width, 3, bias=bias)
        self.act = nn.ReLU() if relu else None
        self.dropout = nn.Dropout(p=dropout) if dropout else None
        self.lstm = nn.LSTM(width, hidden, bidirectional=True)
        self.dense = conv(2 * hidden, out_channels, 1, bias=True)

    def construct(self, features: Any) -> Tensor:
        """Feature maps, the last (N, C, H', W') -> (N, out_channels, H', W')."""
        x = self.conv(features[-1])
        if self.act is not None:
            x = self.act(x)
        n, c, h, w = x.shape
        steps = ops.cast(x, ms.float32).transpose((3, 0, 2, 1)).reshape((w, n * h, c))
        if self.dropout is not None:
            steps = self.dropout(steps)
        steps, _ = self.lstm(steps)
        return self.dense(steps.reshape((w, n, h, 2 * self.hidden)).transpose((1, 3, 2, 0)))
