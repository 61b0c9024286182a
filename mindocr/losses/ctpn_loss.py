"""The loss of CTPN (Tian et al., ECCV 2016, "Network training")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.registry import LOSSES

_BETA = 1 / 9  # the smooth L1 loss is quadratic below this difference


@LOSSES.register
class CTPNLoss(nn.Cell):
    """Weighted sum over the sampled anchors: cross-entropy of text, smooth L1 of positions, smooth L1 of sides.

    The smooth L1 loss of a difference d is 0.5 d^2 / beta for |d| < beta, else |d| - 0.5 beta, with beta = 1/9. All is
    computed in float32. A batch without text has terms of 0 for positions and sides.

    Args:
        text_scale: weight of the cross-entropy, at least 0.
        box_scale: weight of positions, at least 0; 3 in MindSpore's CTPN, 1 in the paper.
        side_scale: weight of sides, at least 0; 2 in the paper. Above 0, the head must output ``side_offsets``.
        divisor: what sums are divided by. A number: this number for each image, as in MindSpore's CTPN (512, the number
            of sampled anchors). None: the number of anchors that count in each term, as in the paper.

    Raises:
        ConfigError: an argument is out of its range.
    """

    reads: tuple[str, ...] = ("text_logits", "box_deltas")
    labels: tuple[str, ...] = ("anchor_classes", "box_targets", "box_mask")
    term_names: tuple[str, ...] = ("text", "box")

    def __init__(
        self, text_scale: float = 1.0, box_scale: float = 3.0, side_scale: float = 0.0, divisor: int | None = 512
    ) -> None:
        super().__init__()
        for name, value in (("text_scale", text_scale), ("box_scale", box_scale), ("side_scale", side_scale)):
            if not value >= 0:
                raise ConfigError(f"loss.{name}: CTPNLoss needs a number of at least 0, got {value}")
        if divisor is not None and divisor < 1:
            raise ConfigError(f"loss.divisor: CTPNLoss needs a number of at least 1, or null, got {divisor}")
        names = self.declare({"side_scale": side_scale})
        self.reads, self.labels, self.term_names = names["reads"], names["labels"], names["term_names"]
        self.text_scale = float(text_scale)
        self.box_scale = float(box_scale)
        self.side_scale = float(side_scale)
        self.divisor = divisor

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """The names that depend on the arguments."""
        sides = bool(arguments.get("side_scale"))
        return {
            "reads": (*CTPNLoss.reads, *(("side_offsets",) if sides else ())),
            "labels": (*CTPNLoss.labels, *(("side_targets", "side_mask") if sides else ())),
            "term_names": (*CTPNLoss.term_names, *(("side",) if sides else ())),
        }

    def construct(self, text_logits: Tensor, box_deltas: Tensor, *rest: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of one batch; A = H' * W' * k anchors.

        Args:
            text_logits: (N, 2k, H', W').
            box_deltas: (N, 2k or 4k, H', W').
            rest: ``side_offsets`` (N, k, H', W') with ``side_scale``, then the labels: ``anchor_classes`` (N, A), 1 =
                text, 0 = background, -1 = does not count; ``box_targets`` (N, A, 4); ``box_mask`` (N, A); and with
                ``side_scale`` ``side_targets`` and ``side_mask`` (N, A).

        Returns:
            The total, a float32 scalar, and its weighted terms, (2,) or (3,) float32.
        """
        labels = rest[1:] if self.side_scale else rest
        classes, targets, box_mask = labels[0], labels[1], labels[2]
        count = text_logits.shape[1] // 2
        logits = _per_anchor(text_logits, count)
        text = self._mean(_cross_entropy(logits, classes), ops.cast(classes >= 0, ms.float32)) * self.text_scale

        deltas = _per_anchor(box_deltas, count)
        targets = ops.cast(targets, ms.float32)
        if deltas.shape[2] == 2:  # dy and dh
            targets = ops.stack((targets[:, :, 1], targets[:, :, 3]), 2)
        box = self._mean(_smooth_l1(deltas - targets).sum(2), ops.cast(box_mask, ms.float32)) * self.box_scale
        if not self.side_scale:
            return text + box, ops.stack((text, box))

        offsets = _per_anchor(rest[0], count)[:, :, 0]
        difference = offsets - ops.cast(labels[3], ms.float32)
        side = self._mean(_smooth_l1(difference), ops.cast(labels[4], ms.float32)) * self.side_scale
        return text + box + side, ops.stack((text, box, side))

    def _mean(self, losses: Tensor, mask: Tensor) -> Tensor:
        """Sum of the losses (N, A) that the mask selects, over the divisor."""
        total = (losses * mask).sum()
        if self.divisor is not None:
            return total / (self.divisor * losses.shape[0])
        return total / ops.maximum(mask.sum(), ops.ones_like(total))


def _per_anchor(values: Tensor, count: int) -> Tensor:
    """(N, count * n, H', W') of any float type -> (N, H' * W' * count, n) float32, in the order of the anchors."""
    n, channels, h, w = values.shape
    parts = ops.cast(values, ms.float32).reshape((n, count, channels // count, h, w))
    return parts.transpose((0, 3, 4, 1, 2)).reshape((n, h * w * count, channels // count))


def _cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """(N, A, 2), (N, A) -> (N, A): log(1 + e^x), where x is the wrong logit minus the right one."""
    margin = logits[:, :, 1] - logits[:, :, 0]
    x = ops.select(classes > 0, -margin, margin)
    return ops.relu(x) + ops.log1p(ops.exp(-ops.abs(x)))


def _smooth_l1(difference: Tensor) -> Tensor:
    size = ops.abs(difference)
    return ops.select(size < _BETA, size * size * (0.5 / _BETA), size - 0.5 * _BETA)
