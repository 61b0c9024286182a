"""Dropout whose masks follow from a seed and a count of calls, so that a resumed run draws the masks of an
uninterrupted one. MindSpore gives no access to the state of the generator behind ``nn.Dropout``.
"""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError

_BITS = 24  # of a random number; as many as float32 holds
# Odd factors; the shifts and the last two factors are those of a mixing function that was searched for low bias
# ("lowbias32", hash-prospector, public domain), written for signed numbers.
_OF_PLACE, _OF_CALL, _OF_SEED = -1640531527, 40503, 2135587861
_FACTORS = (2146121005, -2073254261)


class SeededDropout(nn.Cell):
    """In training sets each value to 0 with the probability ``rate`` and divides the others by 1 - ``rate``.

    Args:
        rate: from 0 to below 1.
        seed: a number for this layer; layers with different numbers draw different masks.

    Raises:
        ConfigError: ``rate`` is out of its range.
    """

    def __init__(self, rate: float, seed: int) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ConfigError(f"dropout {rate}: expected a number from 0 to below 1")
        self.rate = float(rate)
        self.threshold = int(rate * 2**_BITS)
        self.seed = _signed(seed * _OF_SEED)

    def construct(self, x: Tensor, call: Tensor) -> Tensor:
        """(...) -> the same shape.

        Args:
            x: of any float type.
            call: int32 scalar, number of the call; the same number gives the same mask.
        """
        if not self.training or self.threshold == 0:
            return x
        bits = mixed(ops.cast(ops.arange(0, x.size), ms.int32) * _int(_OF_PLACE) + call * _int(_OF_CALL) + self.seed)
        kept = ops.cast(ops.bitwise_and(bits, _int(2**_BITS - 1)) >= self.threshold, x.dtype)
        return x * (kept / (1.0 - self.rate)).reshape(x.shape)


def mixed(numbers: Tensor) -> Tensor:
    """int32 -> int32 in which every bit depends on every bit of the number."""
    numbers = ops.bitwise_xor(numbers, _shifted(numbers, 16)) * _int(_FACTORS[0])
    numbers = ops.bitwise_xor(numbers, _shifted(numbers, 15)) * _int(_FACTORS[1])
    return ops.bitwise_xor(numbers, _shifted(numbers, 16))


def _shifted(numbers: Tensor, bits: int) -> Tensor:
    """Shifted right with zeros, as an unsigned number is."""
    return ops.bitwise_and(ops.bitwise_right_shift(numbers, _int(bits)), _int(2 ** (32 - bits) - 1))


def _int(value: int) -> Tensor:
    return Tensor(value, ms.int32)


def _signed(value: int) -> int:
    """The low 32 bits as a signed number."""
    return (value + 2**31) % 2**32 - 2**31
