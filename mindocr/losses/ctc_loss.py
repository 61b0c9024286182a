"""Connectionist temporal classification (Graves et al., 2006)."""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops

from mindocr.registry import LOSSES

BLANK = 0


@LOSSES.register
class CTCLoss(nn.Cell):
    """Mean over the texts of -log P(text), P summed over all alignments of the text with the time steps.

    A text needs a time step for each character and one between equal neighbours. A text that needs more steps than
    there are has no alignment: it adds nothing to the loss or its gradient, and the term ``too_long`` is the share of
    such texts in the batch. The mean is over the other texts, and 0 without them. Everything is computed in float32,
    whatever the precision of the network.
    """

    reads = ("logits",)
    labels = ("text_seq", "text_length")
    term_names = ("ctc", "too_long")

    def __init__(self) -> None:
        super().__init__()
        super().add_flags_recursive(fp32=True, fp16=False, bf16=False)

    def add_flags_recursive(self, **flags: bool) -> CTCLoss:
        """As in any cell, but a change of precision from outside (``to_float`` of a cell around this one) is ignored.

        float16 cannot hold the probabilities of long alignments.
        """
        kept = {name: value for name, value in flags.items() if name not in ("fp16", "fp32", "bf16")}
        super().add_flags_recursive(**kept)
        return self

    def construct(self, logits: Tensor, text_seq: Tensor, text_length: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of one batch.

        Args:
            logits: (N, T, C) of any float type; class 0 is the blank.
            text_seq: (N, L) classes of the characters, padded with 0; any integer type.
            text_length: (N,) number of characters, from 1 to L.

        Returns:
            The total, a float32 scalar, and (2,) float32: the same number, and the share of texts that are too long.
        """
        log_probs = ops.log_softmax(ops.cast(logits, ms.float32), -1).swapaxes(0, 1)
        count, steps = logits.shape[0], logits.shape[1]
        targets, lengths = ops.cast(text_seq, ms.int32), ops.cast(text_length, ms.int32)
        repeated = ops.logical_and(targets[:, 1:] == targets[:, :-1], targets[:, 1:] != BLANK)
        needed = lengths + ops.cast(repeated, ms.int32).sum(axis=1)
        fits = needed <= steps
        # An impossible alignment has an infinite loss, whose gradient is NaN also behind a mask: one character always
        # fits, so these texts are computed with it and then left out.
        lengths = ops.select(fits, lengths, ops.ones_like(lengths))
        input_lengths = ops.zeros_like(lengths) + steps
        losses, _ = ops.ctc_loss(log_probs, targets, input_lengths, lengths, BLANK, "none", False)
        kept = ops.cast(fits, ms.float32)
        number = kept.sum()
        loss = (losses * kept).sum() / ops.maximum(number, ops.ones_like(number))
        too_long = 1.0 - number / count
        return loss, ops.stack((loss, too_long))
