"""Texts as guides read and write them: a start, the characters, an end, then padding.

The classes of CTC are shifted: class k (k = 1, 2, ...; 0 is the blank) becomes k + 3.
"""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, ops

PAD, UNKNOWN, START, END = 0, 1, 2, 3
SHIFT = 3


def vocabulary(classes: int) -> int:
    """Number of codes for this number of classes of CTC, the blank included."""
    return classes + SHIFT


def read_codes(text_seq: Tensor, text_length: Tensor) -> Tensor:
    """What a guide reads in training: the start, then the text. (N, L) classes -> (N, L + 1) int32."""
    codes = _codes(text_seq, text_length)
    return ops.concat((ops.full_like(codes[:, :1], START), codes), 1)


def written_codes(text_seq: Tensor, text_length: Tensor) -> Tensor:
    """What it should write at the same places: the text, then the end. (N, L) classes -> (N, L + 1) int32."""
    codes = _codes(text_seq, text_length)
    codes = ops.concat((codes, ops.zeros_like(codes[:, :1])), 1)
    return ops.select(_places(codes) == _lengths(text_length), ops.full_like(codes, END), codes)


def _codes(text_seq: Tensor, text_length: Tensor) -> Tensor:
    codes = ops.cast(text_seq, ms.int32)
    return ops.select(_places(codes) < _lengths(text_length), codes + SHIFT, ops.full_like(codes, PAD))


def _places(codes: Tensor) -> Tensor:
    return ops.zeros_like(codes) + ops.cast(ops.arange(0, codes.shape[1]), ms.int32)


def _lengths(text_length: Tensor) -> Tensor:
    return ops.expand_dims(ops.cast(text_length, ms.int32), 1)
