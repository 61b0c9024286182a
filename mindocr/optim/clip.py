"""Gradient clipping."""

import mindspore as ms
from mindspore import Tensor, ops


def global_norm(gradients: tuple[Tensor, ...]) -> Tensor:
    """Joint L2 norm of all gradients, a float32 scalar, taken in float32 so that float16 squares do not overflow."""
    total = ops.zeros((), ms.float32)
    for gradient in gradients:
        total = total + ops.square(ops.cast(gradient, ms.float32)).sum()
    return ops.sqrt(total)


def clip_by_global_norm(gradients: tuple[Tensor, ...], max_norm: float) -> tuple[tuple[Tensor, ...], Tensor]:
    """Scale all gradients by one factor so that their joint L2 norm is at most ``max_norm``.

    Runs inside a compiled step. A norm that is not finite leaves gradients that are not finite: whoever scales the loss
    checks for that first.

    Args:
        gradients: any shapes and float types.
        max_norm: above 0.

    Returns:
        The gradients, each in its own type, and the norm before clipping, a float32 scalar.
    """
    norm = global_norm(gradients)
    # Exactly 1 for gradients within the limit, so that clipping changes nothing it need not.
    factor = max_norm / ops.clamp(norm, max_norm, None)
    clipped: tuple[Tensor, ...] = ()
    for gradient in gradients:
        clipped = clipped + (ops.cast(ops.cast(gradient, ms.float32) * factor, gradient.dtype),)
    return clipped, norm
