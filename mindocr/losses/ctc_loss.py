"""Connectionist temporal classification (Graves et al., ICML 2006)."""

from __future__ import annotations

from mindspore import Tensor, ops

from mindocr.errors import ConfigError
from mindocr.losses.ctc_alignment import mean_of_kept, text_losses
from mindocr.losses.full_precision import FullPrecision
from mindocr.registry import LOSSES


@LOSSES.register
class CTCLoss(FullPrecision):
    """Mean over the texts of l = -log P(text), P summed over all alignments of the text with the time steps.

    With ``focal_gamma`` each l is multiplied by focal_alpha * (1 - exp(-l)) ** focal_gamma, so that texts which are
    nearly right count less (Feng et al., "Focal CTC Loss for Chinese Optical Character Recognition on Unbalanced
    Datasets", 2019; PP-OCRv2: gamma 2, alpha 1).
    The weight takes part in the gradient, as in PaddleOCR.

    A text needs a time step for each character and one between equal neighbours. A text that needs more steps than
    there are has no alignment: it adds nothing to the loss or its gradient, and the term ``too_long`` is the share of
    such texts in the batch. The mean is over the other texts, and 0 without them. Everything is computed in float32,
    whatever the precision of the network.

    Args:
        focal_gamma: at least 0; 0 = plain CTC.
        focal_alpha: factor of the focal loss, above 0.

    Raises:
        ConfigError: an argument is out of its range.
    """

    reads = ("logits",)
    labels = ("text_seq", "text_length")
    term_names = ("ctc", "too_long")

    def __init__(self, focal_gamma: float = 0.0, focal_alpha: float = 1.0) -> None:
        super().__init__()
        if not focal_gamma >= 0:
            raise ConfigError(f"loss.focal_gamma: CTCLoss needs a number of at least 0, got {focal_gamma}")
        if not focal_alpha > 0:
            raise ConfigError(f"loss.focal_alpha: CTCLoss needs a number above 0, got {focal_alpha}")
        self.gamma, self.alpha = float(focal_gamma), float(focal_alpha)

    def construct(self, logits: Tensor, text_seq: Tensor, text_length: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of one batch.

        Args:
            logits: (N, T, C) of any float type; class 0 is the blank.
            text_seq: (N, L) classes of the characters, padded with 0; any integer type.
            text_length: (N,) number of characters, from 1 to L.

        Returns:
            The total, a float32 scalar, and (2,) float32: the same number, and the share of texts that are too long.
        """
        losses, fits = text_losses(logits, text_seq, text_length)
        if self.gamma > 0:
            # The gradient of a power is infinite at a base of 0, which exp(-l) = 1 would give for a certain text
            missed = ops.maximum(1.0 - ops.exp(-losses), ops.full_like(losses, 1e-6))
            losses = losses * self.alpha * missed**self.gamma
        loss = mean_of_kept(losses, fits)
        return loss, ops.stack((loss, 1.0 - fits.mean()))
