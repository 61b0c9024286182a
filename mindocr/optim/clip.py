"""Gradient clipping."""

import mindspore as ms
from mindspore import Tensor, ops

# Mapped, not looped over: a compiled loop becomes nested calls, too deep for a network of many layers.
_for_each = ops.HyperMap()
_square_sum = ops.MultitypeFuncGraph("square_sum")
_shrink = ops.MultitypeFuncGraph("shrink_gradient")


@_square_sum.register("Tensor")
def _square_sum_of_one(gradient):
    return ops.square(ops.cast(gradient, ms.float32)).sum()


@_shrink.register("Tensor", "Tensor")
def _shrink_one(factor, gradient):
    return ops.cast(ops.cast(gradient, ms.float32) * factor, gradient.dtype)


def global_norm(gradients: tuple[Tensor, ...]) -> Tensor:
    """Joint L2 norm of all gradients, a float32 scalar, taken in float32 so that float16 squares do not overflow."""
    return ops.sqrt(ops.stack(_for_each(_square_sum, gradients)).sum())


def clip_by_global_norm(gradients: tuple[Tensor, ...], max_norm: float) -> tuple[tuple[Tensor, ...], Tensor]:
    """Scale all gradients by one factor so that their joint L2 norm is at most ``max_norm``.

    Runs inside a compiled step. A norm that is not finite leaves gradients that are not finite: a caller that scales
    the loss checks for that first.

    Args:
        gradients: any shapes and float types.
        max_norm: above 0.

    Returns:
        The gradients, each in its own type, and the norm before clipping, a float32 scalar.
    """
    norm = global_norm(gradients)
    # Exactly 1 for gradients within the limit, so that clipping does not change them.
    factor = max_norm / ops.clamp(norm, max_norm, None)
    return _for_each(ops.partial(_shrink, factor), gradients), norm
