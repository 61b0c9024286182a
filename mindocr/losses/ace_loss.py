"""Aggregation cross-entropy: how often each character occurs in a line, wherever it stands."""

from __future__ import annotations

import math

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.losses.ctc_alignment import BLANK, mean_of_kept, text_fits
from mindocr.losses.full_precision import FullPrecision
from mindocr.registry import LOSSES


@LOSSES.register
class ACELoss(FullPrecision):
    """Cross-entropy between the counts of the characters in the text and the mean probabilities over all time steps.

    "Aggregation Cross-Entropy for Sequence Recognition" (Xie et al., CVPR 2019): with N_k characters of
    class k, N_0 = T - (length of the text) blanks and y_k the mean over the T steps of the probability of k, the loss
    of a text is -sum_k (N_k / T) ln y_k. PP-OCRv2 adds it to CTC with the weight 0.1 ("A-CTC").

    Deliberate difference from PaddleOCR: its cross-entropy takes the mean probabilities as if they were logits and
    applies a softmax to them again. The values lie in [0, 1], so that softmax is nearly uniform over thousands of
    classes and the gradient nearly vanishes. ``softmax_again`` computes that.

    Texts that need more time steps than there are count as in :class:`~mindocr.losses.ctc_loss.CTCLoss`: not at all.

    Args:
        softmax_again: as PaddleOCR does.
    """

    reads = ("logits",)
    labels = ("text_seq", "text_length")
    term_names = ("ace",)

    def __init__(self, softmax_again: bool = False) -> None:
        super().__init__()
        self.softmax_again = softmax_again

    def construct(self, logits: Tensor, text_seq: Tensor, text_length: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of one batch; arguments as those of ``CTCLoss``.

        Returns:
            The total, a float32 scalar, and (1,) float32 with the same number.
        """
        steps = logits.shape[1]
        log_means = _log_means(ops.log_softmax(ops.cast(logits, ms.float32), -1))
        if self.softmax_again:
            log_means = ops.log_softmax(ops.exp(log_means), -1)
        targets = ops.cast(text_seq, ms.int32)
        places = ops.expand_dims(ops.arange(0, targets.shape[1]), 0)
        counts = ops.cast(places < ops.expand_dims(ops.cast(text_length, ms.int32), 1), ms.float32)
        of_characters = (ops.gather_elements(log_means, 1, targets) * counts).sum(axis=1)
        blanks = steps - ops.cast(text_length, ms.float32)
        losses = -(of_characters + blanks * log_means[:, BLANK]) / steps
        loss = mean_of_kept(losses, text_fits(steps, text_seq, text_length))
        return loss, loss.reshape((1,))


def _log_means(log_probs: Tensor) -> Tensor:
    """Log of the mean over the time steps: (N, T, C) -> (N, C). The largest is taken out, so that none becomes 0."""
    largest = ops.stop_gradient(log_probs.max(axis=1, keepdims=True))
    total = ops.exp(log_probs - largest).sum(axis=1)
    return ops.log(total) + ops.squeeze(largest, 1) - math.log(log_probs.shape[1])
