"""The loss of PP-OCRv6's detector: Dice and focal loss, on the maps of auxiliary heads too."""

from __future__ import annotations

from collections.abc import Sequence

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.errors import ConfigError
from mindocr.losses.full_precision import FullPrecision, as_map
from mindocr.losses.masked import dice_loss, focal_loss, masked_l1_loss
from mindocr.registry import LOSSES

_LEVELS = ("p4", "p3", "p2")
_MAIN = ("prob", "thresh", "binary")
_AUXILIARY = tuple(f"{name}_{level}" for level in _LEVELS for name in _MAIN)


@LOSSES.register
class DBFocalLoss(FullPrecision):
    """L(main maps) + sum of weight * L(maps of an auxiliary head), over the heads that the network has.

    L = prob_scale * F(P) + l1_scale * L1(T) + F(B), with F = Dice + focal loss. Everything is computed in float32.

    Args:
        prob_scale: weight of F(P), at least 0.
        l1_scale: weight of L1(T), at least 0.
        alpha: weight of text in the focal loss, in (0, 1); that of background is 1 - alpha.
        gamma: exponent of the focal loss, at least 0.
        auxiliary_weights: of the heads on p4, p3 and p2, at least 0 each.
        eps: added to every denominator.

    Raises:
        ConfigError: an argument is out of its range.
    """

    reads = (*_MAIN, *_AUXILIARY)
    optional = ("thresh", "binary", *_AUXILIARY)
    labels = ("binary_map", "mask", "thresh_map", "thresh_mask")
    term_names = ("prob", "l1", "binary", *_LEVELS)

    def __init__(
        self,
        prob_scale: float = 5.0,
        l1_scale: float = 10.0,
        alpha: float = 0.25,
        gamma: float = 2.5,
        auxiliary_weights: Sequence[float] = (0.2, 0.3, 0.4),
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        if len(auxiliary_weights) != len(_LEVELS):
            raise ConfigError(
                f"loss.auxiliary_weights: DBFocalLoss needs one weight for each of {', '.join(_LEVELS)}, got "
                f"{list(auxiliary_weights)}"
            )
        scales = {"prob_scale": prob_scale, "l1_scale": l1_scale, "gamma": gamma}
        for name, value in [*scales.items(), *(("auxiliary_weights", weight) for weight in auxiliary_weights)]:
            if not value >= 0:
                raise ConfigError(f"loss.{name}: DBFocalLoss needs a number of at least 0, got {value}")
        if not 0 < alpha < 1:
            raise ConfigError(f"loss.alpha: DBFocalLoss needs a number between 0 and 1, got {alpha}")
        if not eps > 0:
            raise ConfigError(f"loss.eps: DBFocalLoss needs a number above 0, got {eps}")
        self.prob_scale, self.l1_scale = float(prob_scale), float(l1_scale)
        self.alpha, self.gamma, self.eps = float(alpha), float(gamma), float(eps)
        self.auxiliary_weights = tuple(float(weight) for weight in auxiliary_weights)

    def construct(self, *values: Tensor | None) -> tuple[Tensor, Tensor]:
        """Loss of one batch.

        Args:
            values: the outputs in the order of ``reads``, (N, 1, H, W) in [0, 1] or None, then the labels in the order
                of ``labels``, (N, H, W): 1 = inside a shrunk text region; 1 = the pixel counts for P and B; target
                threshold; 1 = the pixel counts for T.

        Returns:
            The total, a float32 scalar, and its weighted terms, (6,) float32 in the order of ``term_names``.
        """
        labels: tuple[Tensor, ...] = ()
        for label in values[-4:]:
            labels = labels + (ops.cast(label, ms.float32),)
        terms: tuple[Tensor, ...] = self._terms(values[0], values[1], values[2], labels)
        total = terms[0] + terms[1] + terms[2]
        for i in range(len(_LEVELS)):
            level = values[3 * i + 3 : 3 * i + 6]
            term = ops.zeros_like(total)
            if level[0] is not None:
                parts = self._terms(level[0], level[1], level[2], labels)
                term = self.auxiliary_weights[i] * (parts[0] + parts[1] + parts[2])
            total = total + term
            terms = terms + (term,)
        return total, ops.stack(terms)

    def _terms(
        self, prob: Tensor, thresh: Tensor | None, binary: Tensor | None, labels: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Weighted terms of P, T and B; without T or B (None) their terms are 0."""
        binary_map, mask, thresh_map, thresh_mask = labels
        prob_loss = self._overlap(prob, binary_map, mask) * self.prob_scale
        if thresh is None or binary is None:
            zero = ops.zeros_like(prob_loss)
            return prob_loss, zero, zero
        thresh_loss = masked_l1_loss(as_map(thresh), thresh_map, thresh_mask, self.eps) * self.l1_scale
        return prob_loss, thresh_loss, self._overlap(binary, binary_map, mask)

    def _overlap(self, output: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        output = as_map(output)
        dice = dice_loss(output, target, mask, self.eps)
        return dice + focal_loss(output, target, mask, self.alpha, self.gamma, self.eps)
