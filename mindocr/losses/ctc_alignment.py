"""CTC's loss of each text, for the losses that are built on it (Graves et al., ICML 2006)."""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, ops

BLANK = 0


def text_losses(logits: Tensor, text_seq: Tensor, text_length: Tensor) -> tuple[Tensor, Tensor]:
    """-log P(text) of each text, P summed over all alignments of the text with the time steps.

    Args:
        logits: (N, T, C) of any float type; class 0 is the blank.
        text_seq: (N, L) classes of the characters, padded with 0; any integer type.
        text_length: (N,) number of characters, from 1 to L.

    Returns:
        The losses, (N,) float32; and (N,) float32, 1 = the text fits into the time steps, 0 = it does not, and its loss
        is finite but means nothing, so it must be left out.
    """
    log_probs = ops.log_softmax(ops.cast(logits, ms.float32), -1).swapaxes(0, 1)
    lengths = ops.cast(text_length, ms.int32)
    fits = text_fits(logits.shape[1], text_seq, text_length)
    # An impossible alignment has an infinite loss, whose gradient is NaN also behind a mask: one character always
    # fits, so these texts are computed with it and then left out.
    lengths = ops.select(fits > 0.5, lengths, ops.ones_like(lengths))
    input_lengths = ops.zeros_like(lengths) + logits.shape[1]
    losses, _ = ops.ctc_loss(log_probs, ops.cast(text_seq, ms.int32), input_lengths, lengths, BLANK, "none", False)
    return losses, fits


def text_fits(steps: int, text_seq: Tensor, text_length: Tensor) -> Tensor:
    """(N,) float32, 1 = ``steps`` hold the text: one for each character, and one between equal neighbours."""
    targets, lengths = ops.cast(text_seq, ms.int32), ops.cast(text_length, ms.int32)
    repeated = ops.logical_and(targets[:, 1:] == targets[:, :-1], targets[:, 1:] != BLANK)
    return ops.cast(lengths + ops.cast(repeated, ms.int32).sum(axis=1) <= steps, ms.float32)


def mean_of_kept(losses: Tensor, kept: Tensor) -> Tensor:
    """The mean of (N,) losses where (N,) ``kept`` is 1; 0 if it is 1 nowhere."""
    number = kept.sum()
    return (losses * kept).sum() / ops.maximum(number, ops.ones_like(number))
