"""The loss of DBNet and DBNet++ (Liao et al., AAAI 2020, section "Optimization")."""

from typing import Literal

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.errors import ConfigError
from mindocr.losses.full_precision import FullPrecision, as_map
from mindocr.losses.masked import balanced_bce_loss, dice_loss, masked_l1_loss
from mindocr.registry import LOSSES


@LOSSES.register
class DBLoss(FullPrecision):
    """Weighted sum over the probability map P, the threshold map T and the approximate binary map B.

    total = bce_scale * L(P) + l1_scale * L1(T) + Dice(B); L is balanced cross-entropy with online hard negative mining,
    or Dice. The weights 5, 10, 1 are those of the authors' code; the paper writes 1, 10, 1. Everything is computed in
    float32, whatever the precision of the network.

    A batch without text has L(P) = 0 (no positives, so no negatives are chosen), L1(T) = 0 and Dice(B) = 1, all with
    zero gradient. A batch in which no pixel counts has a total of 0.

    Args:
        eps: added to every denominator.
        l1_scale: weight of L1(T), at least 0.
        bce_scale: weight of L(P), at least 0.
        bce_replace: ``bceloss`` or ``diceloss`` for L(P).
        negative_ratio: hardest negatives kept for each positive pixel, above 0. Unused with ``diceloss``.
        ohem_scope: choose the negatives over the whole ``batch`` (the authors' code) or within each ``image`` (MindOCR,
            which also keeps at least 10 and every tie at the threshold; here the number is exact).

    Raises:
        ConfigError: an argument is out of its range.
    """

    reads = ("prob", "thresh", "binary")
    optional = ("thresh", "binary")
    labels = ("binary_map", "mask", "thresh_map", "thresh_mask")
    term_names = ("bce", "l1", "dice")

    def __init__(
        self,
        eps: float = 1e-6,
        l1_scale: float = 10.0,
        bce_scale: float = 5.0,
        bce_replace: Literal["bceloss", "diceloss"] = "bceloss",
        negative_ratio: float = 3.0,
        ohem_scope: Literal["batch", "image"] = "batch",
    ) -> None:
        super().__init__()
        for name, value in (("eps", eps), ("negative_ratio", negative_ratio)):
            if not value > 0:
                raise ConfigError(f"loss.{name}: DBLoss needs a number above 0, got {value}")
        for name, value in (("l1_scale", l1_scale), ("bce_scale", bce_scale)):
            if not value >= 0:
                raise ConfigError(f"loss.{name}: DBLoss needs a number of at least 0, got {value}")
        if bce_replace not in ("bceloss", "diceloss"):
            raise ConfigError(f"loss.bce_replace: DBLoss expects 'bceloss' or 'diceloss', got {bce_replace!r}")
        if ohem_scope not in ("batch", "image"):
            raise ConfigError(f"loss.ohem_scope: DBLoss expects 'batch' or 'image', got {ohem_scope!r}")
        self.eps = float(eps)
        self.l1_scale = float(l1_scale)
        self.bce_scale = float(bce_scale)
        self.use_dice = bce_replace == "diceloss"
        self.negative_ratio = float(negative_ratio)
        self.ohem_scope = ohem_scope

    def construct(
        self,
        prob: Tensor,
        thresh: Tensor | None,
        binary: Tensor | None,
        binary_map: Tensor,
        mask: Tensor,
        thresh_map: Tensor,
        thresh_mask: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Loss of one batch.

        Args:
            prob, thresh, binary: P, T and B, (N, 1, H, W) in [0, 1], of any float type. Without T or B (None) their
                terms are 0.
            binary_map: (N, H, W), 1 = inside a shrunk text region. This and the following: any number type.
            mask: (N, H, W), 1 = the pixel counts for P and B.
            thresh_map: (N, H, W), target threshold.
            thresh_mask: (N, H, W), 1 = the pixel counts for T.

        Returns:
            The total, a float32 scalar, and its weighted terms, (3,) float32 in the order of ``term_names``.
        """
        prob = as_map(prob)
        binary_map = ops.cast(binary_map, ms.float32)
        mask = ops.cast(mask, ms.float32)

        if self.use_dice:
            prob_loss = dice_loss(prob, binary_map, mask, self.eps)
        else:
            prob_loss = balanced_bce_loss(prob, binary_map, mask, self.negative_ratio, self.ohem_scope, self.eps)
        prob_loss = prob_loss * self.bce_scale
        if thresh is None or binary is None:
            zero = ops.zeros_like(prob_loss)
            return prob_loss, ops.stack((prob_loss, zero, zero))

        thresh_map = ops.cast(thresh_map, ms.float32)
        thresh_mask = ops.cast(thresh_mask, ms.float32)
        thresh_loss = masked_l1_loss(as_map(thresh), thresh_map, thresh_mask, self.eps) * self.l1_scale
        binary_loss = dice_loss(as_map(binary), binary_map, mask, self.eps)
        terms = ops.stack((prob_loss, thresh_loss, binary_loss))
        return prob_loss + thresh_loss + binary_loss, terms
