"""Quantisation-aware training to int8: PACT (Choi et al., 2018), in the symmetric form that PaddleOCR uses.

Weights are rounded to 255 steps for each output channel, from the largest absolute value of the channel. Inputs of a
convolution are cut at a learned bound, and rounded to 256 steps whose size follows a moving average of their largest
absolute value. Deliberate difference from the paper: the first batch raises a bound that is below its largest value.
Inputs in released detectors reach 1000, and a network whose inputs are cut at 20 finds nothing. Rounding has no useful
gradient, so gradients pass as if nothing were rounded (straight through).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.fold import values
from mindocr.models.rep_layers import RepLayer

LARGEST = 127.0  # of int8; its smallest value is -128
CLIP, SUM, COUNT = "clip", "range_sum", "range_count"  # names of a layer's arrays
ARRAYS = (CLIP, SUM, COUNT)
_TINY = 1e-8
# Layers that are of training alone, and layers whose quantisation would cost much and save little: those that read the
# image. The last layers of detectors are transposed convolutions, which stay in float32, too.
_SPARED = ("head.thresh.", "head.auxiliary_", "head.guide.")
_IMAGE_CHANNELS = 3


class Ranges(NamedTuple):
    """How the input of a layer is quantised: cut to [-clip, clip], then 256 steps of bound / 127."""

    clip: float
    bound: float


def cut(x: Tensor, clip: Tensor) -> Tensor:
    """``x`` limited to [-clip, clip], written so that ``clip`` receives a gradient where it cuts."""
    return x - ops.relu(x - clip) + ops.relu(-clip - x)


def rounded(x: Tensor, bound: Tensor, smallest: float = -LARGEST - 1) -> Tensor:
    """``x`` rounded to steps of ``bound`` / 127, from ``smallest`` to 127 steps; the gradient is that of ``x``."""
    step = bound / LARGEST
    steps = ops.clamp(ops.round(x / step), smallest, LARGEST)
    return x + ops.stop_gradient(steps * step - x)


class QuantizedConv2d(nn.Conv2d):
    """A convolution that computes with the rounded values of its weight and of its input.

    Not constructed directly: :func:`quantize` converts an ``nn.Conv2d``, whose parameters and names stay.
    """

    def construct(self, x):
        """(N, C, H, W) float32 -> (N, out_channels, h, w)."""
        # 1 after the first step of training, 0 before: the count is 0, or 1 and more
        seen = ops.clamp(self.range_count, 0.0, 1.0)
        if self.training:
            above = ops.relu(ops.abs(x).max() - self.clip)
            clip = self.clip + ops.stop_gradient((1.0 - seen) * above)
            narrow = cut(x, clip)
            total = self.rate * self.range_sum + ops.stop_gradient(ops.abs(narrow).max())
            count = self.rate * self.range_count + 1.0
            ops.assign(self.clip, ops.stop_gradient(clip))
            ops.assign(self.range_sum, total)
            ops.assign(self.range_count, count)
            x = rounded(narrow, ops.stop_gradient(ops.clamp(total / count, _TINY)))
        else:
            bound = ops.clamp(self.range_sum / ops.clamp(self.range_count, _TINY), _TINY)
            x = x + seen * (rounded(cut(x, self.clip), bound) - x)
        largest = ops.clamp(ops.abs(self.weight).max((1, 2, 3), True), _TINY)
        y = self.conv2d(x, rounded(self.weight, ops.stop_gradient(largest), -LARGEST))
        if self.has_bias:
            y = self.bias_add(y, self.bias)
        return y


def quantize(network: nn.Cell, clip_init: float = 20.0, rate: float = 0.9) -> list[str]:
    """Make the convolutions of a network compute with rounded values; call it before the network first runs.

    Until the first step of training, inputs are not rounded, because their range is not known. Convolutions that read
    the image, those of training alone, and transposed convolutions stay as they are.

    Args:
        network: its convolutions are changed in place.
        clip_init: where their inputs are cut at first; the first batch raises the bound to its largest absolute value.
        rate: factor of the moving average of the largest absolute values.

    Returns:
        Names of the arrays that the layers have in addition; a checkpoint of the network before lacks them.

    Raises:
        ConfigError: a layer has branches, which are one convolution only after training.
    """
    added = []
    for name, cell in network.cells_and_names():
        if isinstance(cell, RepLayer) and cell.conv is None:
            raise ConfigError(
                f"model.quantization: {name} has branches in training; write the fused network with 'mindocr fuse' and "
                "quantise that one"
            )
        if type(cell) is not nn.Conv2d or cell.in_channels == _IMAGE_CHANNELS or name.startswith(_SPARED):
            continue
        # Parents hold the cell in lists and attributes of many kinds, so it is not replaced; its class is changed.
        cell.__class__ = QuantizedConv2d
        cell.rate = float(rate)
        for array, value in ((CLIP, clip_init), (SUM, 0.0), (COUNT, 0.0)):
            data = Tensor(np.array([value], np.float32))
            setattr(cell, array, Parameter(data, name=f"{name}.{array}", requires_grad=array == CLIP))
            added.append(f"{name}.{array}")
    return added


def is_quantized(network: nn.Cell) -> bool:
    """Whether a layer computes with rounded values."""
    return any(isinstance(cell, QuantizedConv2d) for _, cell in network.cells_and_names())


def rounded_weights(network: nn.Cell) -> tuple[dict[str, np.ndarray], dict[str, Ranges]]:
    """The arrays of the network in float32 that computes the same but for the rounding of inputs.

    Args:
        network: a network after :func:`quantize` and training.

    Returns:
        All arrays by name, without those of the quantisation; and for each rounded weight, the ranges of its input.

    Raises:
        ConfigError: the network has not been trained with quantisation.
    """
    cells = {f"{name}.weight": cell for name, cell in network.cells_and_names() if isinstance(cell, QuantizedConv2d)}
    arrays = {
        parameter.name: values(parameter)
        for parameter in network.get_parameters()
        if not parameter.name.endswith(tuple(f".{name}" for name in ARRAYS))
    }
    ranges = {}
    for name, cell in cells.items():
        count = float(values(cell.range_count)[0])
        if count <= 0:
            raise ConfigError(
                f"model.quantization: {name} has not seen an image; train the network with this section first"
            )
        weight = np.asarray(arrays[name], np.float32)
        step = np.maximum(np.abs(weight).max((1, 2, 3), keepdims=True), np.float32(_TINY)) / np.float32(LARGEST)
        arrays[name] = np.clip(np.round(weight / step), -LARGEST, LARGEST) * step
        clip, total = float(values(cell.clip)[0]), float(values(cell.range_sum)[0])
        ranges[name] = Ranges(abs(clip), max(total / count, _TINY))
    return arrays, ranges


def given_arrays(network: nn.Cell, arrays: Mapping[str, Any]) -> nn.Cell:
    """The network with these arrays, by name."""
    for parameter in network.get_parameters():
        parameter.set_data(ms.Tensor(np.asarray(arrays[parameter.name], np.float32)))
    return network
