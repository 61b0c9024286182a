"""Recurrent layers over the time steps of a text line (Shi et al., "CRNN", TPAMI 2017, section 2.2)."""

from __future__ import annotations

from mindspore import Tensor, nn

from mindocr.errors import ConfigError
from mindocr.registry import NECKS


@NECKS.register
class RNNEncoder(nn.Cell):
    """Long short-term memory in both directions over the columns of the features.

    Args:
        in_channels: channels of the features.
        hidden_size: channels of one direction: 48 in PP-OCR, 64 in PP-OCRv2.
        num_layers: layers, each in both directions.

    Attributes:
        out_channels: 2 * ``hidden_size``.

    Raises:
        ConfigError: a size below 1.
    """

    def __init__(self, in_channels: int, hidden_size: int = 48, num_layers: int = 2) -> None:
        super().__init__()
        if hidden_size < 1 or num_layers < 1:
            raise ConfigError(
                f"RNNEncoder: hidden_size and num_layers must be 1 or more, got {hidden_size} and {num_layers}"
            )
        self.out_channels = 2 * hidden_size
        self.seq_encoder = nn.LSTM(in_channels, hidden_size, num_layers=num_layers, bidirectional=True)

    def construct(self, features: Tensor) -> Tensor:
        """Features (N, in_channels, 1, T) -> one vector for each time step, (N, T, out_channels)."""
        n, c, h, w = features.shape
        steps, _ = self.seq_encoder(features.reshape((n, c, h * w)).transpose((2, 0, 1)))
        return steps.swapaxes(0, 1)
