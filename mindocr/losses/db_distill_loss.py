"""A text detector learns from the probability map of another: PP-OCRv2's collaborative mutual learning (CML)."""

from __future__ import annotations

from typing import Literal

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.errors import ConfigError
from mindocr.losses.full_precision import FullPrecision, as_map
from mindocr.losses.masked import balanced_bce_loss, dice_loss
from mindocr.registry import LOSSES


@LOSSES.register
class DBDistillLoss(FullPrecision):
    """Loss of a student against the binarised and dilated probability map of its teacher.

    M = dilate(P of the teacher > ``binary_thresh``) takes the place of the label, and total = bce_scale * L(P) +
    Dice(B) of the student, over the pixels of ``mask`` (PP-OCRv2, "CML"). The dilation makes up for the teacher's text
    regions being slightly too small. No gradient goes through M.

    A student without B has the first term alone.

    Args:
        binary_thresh: probabilities above it are text, in (0, 1).
        dilation: side of the square of ones with which the text is dilated, pixels; 1 = no dilation. As in OpenCV, the
            anchor is in the middle, and of an even side one pixel to the right of it and below.
        bce_scale: weight of L(P), at least 0.
        bce_replace: ``diceloss`` or ``bceloss`` for L(P), see ``DBLoss``. The configurations of PP-OCR have Dice, the
            paper cross-entropy.
        negative_ratio: hardest negatives kept for each positive pixel, above 0. Unused with ``diceloss``.
        eps: added to every denominator.

    Raises:
        ConfigError: an argument is out of its range.
    """

    network_count: tuple[int, int | None] = (2, 2)
    reads = ("prob", "binary")
    optional = ("binary",)
    labels = ("mask",)
    term_names = ("bce", "dice")

    def __init__(
        self,
        binary_thresh: float = 0.3,
        dilation: int = 2,
        bce_scale: float = 5.0,
        bce_replace: Literal["bceloss", "diceloss"] = "diceloss",
        negative_ratio: float = 3.0,
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        for name, value, good, wanted in (
            ("binary_thresh", binary_thresh, 0 < binary_thresh < 1, "a number between 0 and 1"),
            ("dilation", dilation, dilation >= 1, "a number of pixels, at least 1"),
            ("bce_scale", bce_scale, bce_scale >= 0, "a number of at least 0"),
            ("bce_replace", bce_replace, bce_replace in ("bceloss", "diceloss"), "'bceloss' or 'diceloss'"),
            ("negative_ratio", negative_ratio, negative_ratio > 0, "a number above 0"),
            ("eps", eps, eps > 0, "a number above 0"),
        ):
            if not good:
                raise ConfigError(f"loss.{name}: DBDistillLoss needs {wanted}, got {value!r}")
        self.binary_thresh = float(binary_thresh)
        self.dilation = dilation
        self.bce_scale = float(bce_scale)
        self.use_dice = bce_replace == "diceloss"
        self.negative_ratio = float(negative_ratio)
        self.eps = float(eps)

    def construct(
        self, prob: Tensor, binary: Tensor | None, teacher_prob: Tensor, teacher_binary: Tensor | None, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Loss of one batch.

        Args:
            prob, binary: P and B of the student, (N, 1, H, W) in [0, 1], of any float type; B may be None.
            teacher_prob: P of the teacher, (N, 1, H, W) in [0, 1].
            teacher_binary: unused; a frozen teacher has none.
            mask: (N, H, W), 1 = the pixel counts; any number type.

        Returns:
            The total, a float32 scalar, and its weighted terms, (2,) float32 in the order of ``term_names``.
        """
        target = ops.squeeze(text_of(teacher_prob, self.binary_thresh, self.dilation), 1)
        mask = ops.cast(mask, ms.float32)
        prob = as_map(prob)
        if self.use_dice:
            prob_loss = dice_loss(prob, target, mask, self.eps)
        else:
            prob_loss = balanced_bce_loss(prob, target, mask, self.negative_ratio, "batch", self.eps)
        prob_loss = prob_loss * self.bce_scale
        if binary is None:
            return prob_loss, ops.stack((prob_loss, ops.zeros_like(prob_loss)))
        binary_loss = dice_loss(as_map(binary), target, mask, self.eps)
        return prob_loss + binary_loss, ops.stack((prob_loss, binary_loss))


def text_of(prob: Tensor, thresh: float, dilation: int) -> Tensor:
    """Pixels above ``thresh``, dilated as ``cv2.dilate`` does with ``np.ones((dilation, dilation))``; no gradient.

    Args:
        prob: (N, 1, H, W) in [0, 1].

    Returns:
        (N, 1, H, W) float32, 1 or 0.
    """
    text = ops.cast(ops.stop_gradient(prob) > thresh, ms.float32)
    if dilation == 1:
        return text
    before, after = dilation // 2, dilation - 1 - dilation // 2
    # Padding and a maximum over shifted maps: pooling with padding blocks export and is no faster for 2 x 2.
    h, w = text.shape[2], text.shape[3]
    padded = ops.pad(text, (before, after, before, after))
    rows = padded[:, :, 0:h, :]
    for i in range(1, dilation):
        rows = ops.maximum(rows, padded[:, :, i : i + h, :])
    grown = rows[:, :, :, 0:w]
    for i in range(1, dilation):
        grown = ops.maximum(grown, rows[:, :, :, i : i + w])
    return ops.stop_gradient(grown)
