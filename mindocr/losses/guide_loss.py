"""Cross-entropy of a guide, which writes a text character by character."""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.errors import ConfigError
from mindocr.losses.full_precision import FullPrecision
from mindocr.models.guides.coding import PAD, written_codes
from mindocr.registry import LOSSES


@LOSSES.register
class GuideLoss(FullPrecision):
    """Mean cross-entropy over the characters of all texts and their ends; the padding does not count.

    Args:
        smoothing: share of the target that is spread evenly over all other codes, in [0, 1): 0.1 with ``NRTRDecoder``,
            0 with ``SARDecoder``, as in PaddleOCR.

    Raises:
        ConfigError: ``smoothing`` is outside [0, 1).
    """

    reads = ("guide_logits",)
    labels = ("text_seq", "text_length")
    term_names = ("guide",)

    def __init__(self, smoothing: float = 0.1) -> None:
        super().__init__()
        if not 0 <= smoothing < 1:
            raise ConfigError(f"loss.smoothing: GuideLoss needs a number from 0 to below 1, got {smoothing}")
        self.smoothing = float(smoothing)

    def construct(self, guide_logits: Tensor, text_seq: Tensor, text_length: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of one batch.

        Args:
            guide_logits: (N, L + 1, codes) of any float type, see :mod:`mindocr.models.guides.coding`.
            text_seq: (N, L) classes of the characters, padded with 0; any integer type.
            text_length: (N,) number of characters, from 1 to L.

        Returns:
            The total, a float32 scalar, and (1,) float32 with the same number.
        """
        codes = written_codes(text_seq, text_length)
        log_probs = ops.log_softmax(ops.cast(guide_logits, ms.float32), -1)
        right = ops.squeeze(ops.gather_elements(log_probs, 2, ops.expand_dims(codes, 2)), 2)
        losses = -(1.0 - self.smoothing) * right
        if self.smoothing > 0:
            others = log_probs.sum(axis=-1) - right
            losses = losses - self.smoothing / (guide_logits.shape[2] - 1) * others
        counted = ops.cast(codes != PAD, ms.float32)
        loss = (losses * counted).sum() / counted.sum()
        return loss, loss.reshape((1,))
