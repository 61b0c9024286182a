"""Losses over the pixels that a mask selects: Dice, L1, focal, balanced cross-entropy with hard negative mining.

Every loss takes float32 tensors of one shape (N, H, W), targets in [0, 1] and masks holding 0 or 1 (1 = the pixel
counts), and returns a float32 scalar: finite, with finite gradients, and 0 where the mask selects no pixel.
All shapes are static, so the functions compile once per input size in graph mode.
"""

import mindspore as ms
from mindspore import Tensor, ops

PROBABILITY_FLOOR = 1e-7
FOCAL_FLOOR = 1e-6
# Given the floor, a negative's cross-entropy is strictly between these: -log(1 - 1e-7) = 1e-7, -log(1e-7) = 16.12.
_LOSS_LOW, _LOSS_HIGH = 5e-8, 17.0
# Each step halves the bracket on a logarithmic scale; 28 narrow it to 7e-8 of its value, the resolution of float32.
_BISECTION_STEPS = 28


def dice_loss(pred: Tensor, target: Tensor, mask: Tensor, eps: float = 1e-6) -> Tensor:
    """1 - 2I / (U + eps) over the whole batch, I the sum of the product, U the sum of both maps.

    If neither map is positive at the selected pixels, the value is 1 and its gradient 0; a mask of zeros gives 0.
    """
    intersection = (pred * target * mask).sum()
    union = (pred * mask).sum() + (target * mask).sum()
    admits_any = ops.cast(mask.sum() > 0, ms.float32)
    return (1.0 - 2.0 * intersection / (union + eps)) * admits_any


def masked_l1_loss(pred: Tensor, target: Tensor, mask: Tensor, eps: float = 1e-6) -> Tensor:
    """Mean absolute difference over the selected pixels: sum(|pred - target| * mask) / (sum(mask) + eps)."""
    return (ops.abs(pred - target) * mask).sum() / (mask.sum() + eps)


def focal_loss(
    prob: Tensor, target: Tensor, mask: Tensor, alpha: float = 0.25, gamma: float = 2.5, eps: float = 1e-6
) -> Tensor:
    """Mean over the selected pixels of -a (1 - q) ** gamma ln q, q the probability of the right class.

    "Focal Loss for Dense Object Detection" (ICCV 2017), equation 5.

    Args:
        prob: probabilities (N, H, W), float32, in [0, 1]; clamped to [1e-6, 1 - 1e-6].
        target: 1 = text, 0 = background.
        mask: 1 = the pixel counts.
        alpha: a of text; that of background is 1 - alpha.
        gamma: the larger, the less count pixels that are nearly right.
        eps: added to the number of pixels, the denominator.
    """
    prob = ops.clamp(prob, FOCAL_FLOOR, 1.0 - FOCAL_FLOOR)
    is_text = target > 0.5
    right = ops.select(is_text, prob, 1.0 - prob)
    weight = ops.select(is_text, ops.full_like(prob, alpha), ops.full_like(prob, 1.0 - alpha))
    losses = -weight * (1.0 - right) ** gamma * ops.log(right)
    return (losses * mask).sum() / (mask.sum() + eps)


def balanced_bce_loss(
    prob: Tensor, target: Tensor, mask: Tensor, negative_ratio: float = 3.0, scope: str = "batch", eps: float = 1e-6
) -> Tensor:
    """Cross-entropy over all positives and the hardest negatives, at most ``negative_ratio`` of them for each positive.

    Args:
        prob: probabilities (N, H, W), float32, in [0, 1]; clamped to [1e-7, 1 - 1e-7].
        target: 1 = text, 0 = background.
        mask: 1 = the pixel counts.
        negative_ratio: negatives kept for each positive, rounded down; never more than there are.
        scope: ``batch`` counts and ranks pixels over the whole batch (the authors' code), ``image`` within each image.
        eps: added to the number of chosen pixels, the denominator.

    Without a positive pixel nothing is chosen: the loss is 0. Equal losses at the last rank share the remaining count,
    so the value equals that of an exact sort.
    """
    prob = ops.clamp(prob, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR)
    rows = (1, -1) if scope == "batch" else (prob.shape[0], -1)
    positive = (target * mask).reshape(rows)
    negative = ((1.0 - target) * mask).reshape(rows)
    positive_count = positive.sum(axis=-1, keepdims=True)
    negative_count = negative.sum(axis=-1, keepdims=True)
    chosen_count = ops.minimum(ops.floor(positive_count * negative_ratio), negative_count)
    # -log(right) as log1p(wrong / right): log keeps too few digits near 1, where most pixels of a trained network are.
    is_text = target > 0.5
    right = ops.select(is_text, prob, 1.0 - prob)
    wrong = ops.select(is_text, 1.0 - prob, prob)
    cross_entropy = ops.log1p(wrong / right).reshape(rows)
    negative_loss = ops.stop_gradient(cross_entropy * negative)
    chosen = ops.stop_gradient(positive + select_hardest(negative_loss, chosen_count))
    total = (cross_entropy * chosen).sum()
    return total / (positive_count.sum() + chosen_count.sum() + eps)


def select_hardest(losses: Tensor, count: Tensor) -> Tensor:
    """Weights in [0, 1] that pick the ``count`` largest entries of each row.

    Args:
        losses: (R, M) float32; 0 = not a candidate, candidates are in [1e-7, 16.2].
        count: (R, 1) float32 whole numbers, at most the number of candidates of the row.

    Returns:
        (R, M) float32: 1 above the threshold, 0 below, and for entries tied at the threshold the remaining count
        divided by their number. Each row sums to its count.

    The threshold is found by bisection rather than by sorting: comparing and counting cost a fraction of a sort and
    need no shape that depends on the data.
    """
    low = ops.full_like(count, _LOSS_LOW)
    high = ops.full_like(count, _LOSS_HIGH)
    for _ in range(_BISECTION_STEPS):
        middle = ops.sqrt(low * high)
        enough = _count_above(losses, middle) >= count
        low = ops.select(enough, middle, low)
        high = ops.select(enough, high, middle)
    above = ops.cast(losses > high, ms.float32)
    tied = ops.cast(losses > low, ms.float32) - above
    remaining = count - above.sum(axis=-1, keepdims=True)
    share = remaining / ops.maximum(tied.sum(axis=-1, keepdims=True), ops.ones_like(count))
    return above + tied * share


def _count_above(losses: Tensor, threshold: Tensor) -> Tensor:
    return ops.cast(losses > threshold, ms.float32).sum(axis=-1, keepdims=True)
