"""A convolution and the BatchNorm behind it as one convolution with a bias; kernels of other sizes and dilations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from mindspore import Tensor, nn


class Fused(NamedTuple):
    """Weights of one convolution.

    Attributes:
        weight: (out, in / groups, height, width) float64.
        bias: (out,) float64.
    """

    weight: np.ndarray
    bias: np.ndarray


def fold(kernel: np.ndarray, norm: nn.BatchNorm2d, bias: np.ndarray | None = None, axis: int = 0) -> Fused:
    """The convolution that computes a convolution and then a BatchNorm in evaluation.

    Args:
        kernel: weight of the convolution.
        norm: the BatchNorm behind it.
        bias: of the convolution; None = none.
        axis: of the output channels in ``kernel``; 1 for a transposed convolution.
    """
    scale = scale_of(norm)
    shape = [1] * kernel.ndim
    shape[axis] = -1
    shift = (0 if bias is None else bias) - values(norm.moving_mean)
    return Fused(kernel * scale.reshape(shape), values(norm.beta) + shift * scale)


def spread(kernel: np.ndarray, dilation: int) -> np.ndarray:
    """The kernel (O, I, k, k) with zeros between its taps: (O, I, d (k - 1) + 1, d (k - 1) + 1)."""
    size = dilation * (kernel.shape[-1] - 1) + 1
    large = np.zeros((*kernel.shape[:2], size, size))
    large[:, :, ::dilation, ::dilation] = kernel
    return large


def centred(kernel: np.ndarray, size: int) -> np.ndarray:
    """The kernel (O, I, k, k) with zeros around it: (O, I, size, size); both sizes are odd."""
    border = (size - kernel.shape[-1]) // 2
    return np.pad(kernel, ((0, 0), (0, 0), (border, border), (border, border)))


def scale_of(norm: nn.BatchNorm2d) -> np.ndarray:
    """What a BatchNorm in evaluation multiplies each channel by, (C,) float64."""
    return values(norm.gamma) / np.sqrt(values(norm.moving_variance) + norm.eps)


def values(parameter: Tensor) -> np.ndarray:
    """The values of a parameter as float64."""
    return np.asarray(parameter.asnumpy(), np.float64)
