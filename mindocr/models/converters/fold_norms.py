"""BatchNorms of a file whose network has none in that place become part of the convolution before them.

Paddle keeps a few BatchNorms that the ONNX file of the same network holds in folded form.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.models.converters.onnx_layers import Layer

_CHANNELS = {"conv": 0, "deconv": 1}  # axis of the output channels of a weight
_EPSILON = 1e-5  # of Paddle and of ONNX, where a file does not state it


def fold_to(layers: Sequence[Layer], kinds: Sequence[str]) -> list[Layer] | None:
    """The layers with every BatchNorm folded that ``kinds`` does not list; None if the other kinds differ."""
    folded: list[Layer] = []
    for layer in layers:
        wanted = kinds[len(folded)] if len(folded) < len(kinds) else None
        if layer.kind == wanted:
            folded.append(layer)
        elif layer.kind == "norm" and folded and _follows(layer, folded[-1]):
            folded[-1] = fold(folded[-1], layer)
        else:
            return None
    return folded if len(folded) == len(kinds) else None


def _follows(norm: Layer, layer: Layer) -> bool:
    axis = _CHANNELS.get(layer.kind)
    return axis is not None and layer.arrays["weight"].shape[axis] == norm.arrays["gamma"].size


def fold(layer: Layer, norm: Layer) -> Layer:
    """The convolution that computes what a convolution and the BatchNorm behind it compute.

    Without groups for a transposed convolution.
    """
    gamma, beta, mean, variance = (
        norm.arrays[role].astype(np.float64) for role in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    factor = gamma / np.sqrt(variance + float(norm.node.attributes.get("epsilon", _EPSILON)))
    weight = layer.arrays["weight"].astype(np.float64)
    shape = [1] * weight.ndim
    shape[_CHANNELS[layer.kind]] = -1
    bias = (layer.arrays["bias"].astype(np.float64) if "bias" in layer.arrays else 0.0) - mean
    arrays = {"weight": weight * factor.reshape(shape), "bias": beta + bias * factor}
    names = {"weight": layer.names["weight"], "bias": layer.names.get("bias", norm.names["beta"])}
    return Layer(layer.kind, {role: array.astype(np.float32) for role, array in arrays.items()}, names, layer.node)
