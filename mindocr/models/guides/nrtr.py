"""A transformer that decodes text ("NRTR", Sheng et al., ICDAR 2019), as PP-OCRv4 and later guide CTC with it."""

from __future__ import annotations

import math

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import Normal, initializer

from mindocr.errors import ConfigError
from mindocr.models.guides.coding import read_codes, vocabulary
from mindocr.models.seeded_dropout import SeededDropout
from mindocr.registry import GUIDES

_HIDDEN_FROM = -1e9  # added to the score of a character that comes later
_EPS = 1e-5


@GUIDES.register
class NRTRDecoder(nn.Cell):
    """Decoder of a transformer on the features of the backbone; there is no encoder.

    In training it reads the text itself up to each place (teacher forcing) and predicts the character at this place.
    Layers as in "Attention Is All You Need" (Vaswani et al., NIPS 2017, sections 3.1 to 3.5, 5.4): attention to earlier
    characters, attention to the features, two dense layers; each is followed by dropout, the sum with its input and a
    LayerNorm. There is dropout on the embeddings, too, and none elsewhere.

    Args:
        in_channels: channels of the features.
        out_channels: classes of CTC, the blank included; 3 more codes are for unknown characters, start and end.
        dim: width of the decoder; a multiple of ``heads``, even.
        layers: number of layers.
        heads: attention heads.
        ff_dim: width between the two dense layers.
        dropout: share of values that are set to 0 in training.

    Raises:
        ConfigError: ``dim`` cannot be divided, or there is no layer.
    """

    labels: tuple[str, ...] = ("text_seq", "text_length")
    outputs: tuple[str, ...] = ("guide_logits",)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dim: int = 384,
        layers: int = 4,
        heads: int = 12,
        ff_dim: int = 1536,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if heads < 1 or dim % heads or dim % 2 or layers < 1:
            raise ConfigError(
                f"NRTRDecoder: dim {dim} must be even and a multiple of heads {heads}, and layers {layers} at least 1"
            )
        codes, seed = vocabulary(out_channels), ms.get_seed() or 0
        self.root, self.dim = math.sqrt(dim), dim
        self.enter = nn.Dense(in_channels, dim, has_bias=False)
        self.embedding = Parameter(initializer(Normal(1 / self.root), (codes, dim), ms.float32), name="embedding")
        self.dropout = SeededDropout(dropout, seed)
        self.layers = nn.CellList(
            [_Layer(dim, heads, ff_dim, dropout, seed + 3 * number + 1) for number in range(layers)]
        )
        self.exit = nn.Dense(dim, codes, weight_init=Normal(1 / self.root), has_bias=False)
        # float32, as statistics of a run are saved; exact up to 16 million
        self.calls = Parameter(Tensor(0.0, ms.float32), name="calls", requires_grad=False)
        self.rates = Tensor(10000.0 ** (-np.arange(0, dim, 2) / dim), ms.float32)

    def construct(self, features: Tensor, text_seq: Tensor, text_length: Tensor) -> Tensor:
        """Predict the character at each place, and the end.

        Args:
            features: (N, in_channels, H, W).
            text_seq: (N, L) classes of the characters, padded with 0.
            text_length: (N,) number of characters.

        Returns:
            (N, L + 1, codes) logits, float32; see :mod:`mindocr.models.guides.coding`.
        """
        n, c, h, w = features.shape
        memory = self.enter(features.reshape((n, c, h * w)).swapaxes(1, 2))
        codes = read_codes(text_seq, text_length)
        places = codes.shape[1]
        call = ops.cast(ops.assign_add(self.calls, Tensor(1.0, ms.float32)), ms.int32)
        x = ops.gather(self.embedding, codes, 0) * self.root + self._positions(places)
        x = self.dropout(ops.cast(x, memory.dtype), call)
        later = _HIDDEN_FROM * ops.triu(ops.ones((places, places), ms.float32), 1)
        for layer in self.layers:
            x = layer(x, memory, later, call)
        return ops.cast(self.exit(x), ms.float32)

    def _positions(self, places: int) -> Tensor:
        """(places, dim): sines and cosines of the place, in turn."""
        angles = ops.expand_dims(ops.cast(ops.arange(0, places), ms.float32), 1) * self.rates
        return ops.stack((ops.sin(angles), ops.cos(angles)), 2).reshape((places, self.dim))


class _Layer(nn.Cell):
    """One layer of the decoder."""

    def __init__(self, dim: int, heads: int, wide: int, dropout: float, seed: int) -> None:
        super().__init__()
        self.own, self.other = _Attention(dim, heads), _Attention(dim, heads)
        self.fc1, self.fc2 = nn.Dense(dim, wide, activation="relu"), nn.Dense(wide, dim)
        self.norms = nn.CellList([nn.LayerNorm((dim,), epsilon=_EPS) for _ in range(3)])
        self.dropouts = nn.CellList([SeededDropout(dropout, seed + i) for i in range(3)])

    def construct(self, x: Tensor, memory: Tensor, later: Tensor, call: Tensor) -> Tensor:
        """(N, L, dim) -> the same shape; ``later`` (L, L) is added to the scores between characters."""
        x = self.norms[0](x + self.dropouts[0](self.own(x, x, later), call))
        x = self.norms[1](x + self.dropouts[1](self.other(x, memory, None), call))
        return self.norms[2](x + self.dropouts[2](self.fc2(self.fc1(x)), call))


class _Attention(nn.Cell):
    """Multi-head attention of one sequence to another."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, dim // heads
        self.q, self.kv, self.proj = nn.Dense(dim, dim), nn.Dense(dim, 2 * dim), nn.Dense(dim, dim)

    def construct(self, x: Tensor, memory: Tensor, hidden: Tensor | None) -> Tensor:
        """(N, L, dim) to (N, T, dim) -> (N, L, dim); ``hidden`` (L, T) is added to the scores."""
        n, length, dim = x.shape
        query = self.q(x).reshape((n, length, self.heads, self.width)).swapaxes(1, 2) * self.width**-0.5
        pair = self.kv(memory).reshape((n, memory.shape[1], 2, self.heads, self.width)).transpose((2, 0, 3, 1, 4))
        scores = ops.cast(ops.matmul(query, pair[0].swapaxes(2, 3)), ms.float32)
        if hidden is not None:
            scores = scores + hidden
        mixed = ops.matmul(ops.cast(ops.softmax(scores, -1), x.dtype), pair[1])
        return self.proj(mixed.swapaxes(1, 2).reshape((n, length, dim)))
