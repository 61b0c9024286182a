"""Recurrent layers that look at the features in two dimensions ("SAR"), with which PP-OCRv3 guides CTC."""

from __future__ import annotations

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import Normal, initializer

from mindocr.errors import ConfigError
from mindocr.models.guides.coding import read_codes, vocabulary
from mindocr.models.layers import conv
from mindocr.models.seeded_dropout import SeededDropout
from mindocr.registry import GUIDES


@GUIDES.register
class SARDecoder(nn.Cell):
    """Encoder and decoder of "Show, Attend and Read" (Li et al., AAAI 2019) on the features of the backbone.

    The encoder, LSTM layers over the columns' maxima, makes one vector of the line. The decoder, LSTM layers too, reads
    this vector first, then the start and the text up to each place (teacher forcing). At each place its state chooses
    positions of the features: with v_ij the features, V_ij a 3x3 convolution of them and h the state, the weights are
    softmax(w . tanh(V_ij + W h)) over all positions (section "2D Attention"). The character is predicted from the
    state, the weighted sum of the v_ij, and the vector of the line, as in PaddleOCR; the paper uses the first two.

    Args:
        in_channels: channels of the features.
        out_channels: classes of CTC, the blank included; 3 more codes are for unknown characters, start and end.
        dim: channels of all recurrent layers and of the attention: 512 in PP-OCRv3.
        layers: recurrent layers of the encoder, and of the decoder.
        dropout: share of the values before the last layer that are set to 0 in training.

    Raises:
        ConfigError: a size below 1.
    """

    labels: tuple[str, ...] = ("text_seq", "text_length")
    outputs: tuple[str, ...] = ("guide_logits",)

    def __init__(
        self, in_channels: int, out_channels: int, dim: int = 512, layers: int = 2, dropout: float = 0.1
    ) -> None:
        super().__init__()
        if dim < 1 or layers < 1:
            raise ConfigError(f"SARDecoder: dim and layers must be 1 or more, got {dim} and {layers}")
        codes = vocabulary(out_channels)
        self.encoder = nn.LSTM(in_channels, dim, num_layers=layers)
        self.line = nn.Dense(dim, dim)
        self.embedding = Parameter(initializer(Normal(1.0), (codes, dim), ms.float32), name="embedding")
        self.decoder = nn.LSTM(dim, dim, num_layers=layers)
        self.of_features = conv(in_channels, dim, 3, bias=True)
        self.of_state = nn.Dense(dim, dim, has_bias=False)
        self.score = nn.Dense(dim, 1, has_bias=False)
        self.dropout = SeededDropout(dropout, ms.get_seed() or 0)
        self.exit = nn.Dense(2 * dim + in_channels, codes)
        # float32, as statistics of a run are saved; exact up to 16 million
        self.calls = Parameter(Tensor(0.0, ms.float32), name="calls", requires_grad=False)

    def construct(self, features: Tensor, text_seq: Tensor, text_length: Tensor) -> Tensor:
        """Predict the character at each place, and the end; arguments and result as those of ``NRTRDecoder``."""
        n, c, h, w = features.shape
        columns, _ = self.encoder(features.max(axis=2).transpose((2, 0, 1)))
        line = self.line(columns[w - 1])
        codes = read_codes(text_seq, text_length)
        places = codes.shape[1]
        read = ops.cast(ops.gather(self.embedding, codes, 0), line.dtype).swapaxes(0, 1)
        states, _ = self.decoder(ops.concat((ops.expand_dims(line, 0), read), 0))
        states = states[1:].swapaxes(0, 1)  # what it gives for the vector of the line predicts nothing
        keys = self.of_features(features).reshape((n, -1, h * w)).swapaxes(1, 2)
        scores = self.score(ops.tanh(ops.expand_dims(keys, 1) + ops.expand_dims(self.of_state(states), 2)))
        weights = ops.softmax(ops.cast(ops.squeeze(scores, -1), ms.float32), -1)
        seen = ops.matmul(ops.cast(weights, line.dtype), features.reshape((n, c, h * w)).swapaxes(1, 2))
        lines = ops.broadcast_to(ops.expand_dims(line, 1), (n, places, line.shape[1]))
        call = ops.cast(ops.assign_add(self.calls, Tensor(1.0, ms.float32)), ms.int32)
        joined = self.dropout(ops.concat((states, seen, lines), -1), call)
        return ops.cast(self.exit(joined), ms.float32)
