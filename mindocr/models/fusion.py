"""The fused form of a trained network: layers without branches, with biases in place of BatchNorms."""

from __future__ import annotations

import inspect

import numpy as np
from mindspore import nn

from mindocr.errors import ConfigError
from mindocr.models.fold import Fused, fold, values
from mindocr.models.heads.db_head import DBHead
from mindocr.models.layers import ConvNormAct
from mindocr.models.network import Network
from mindocr.models.rep_layers import DilatedDepthwise, RepDepthwise


def fused_weights(network: Network) -> dict[str, np.ndarray]:
    """Weights of the network that is built with ``fused: True`` in each part that has this option.

    It computes the same in evaluation. Parts without the option keep their weights.

    Returns:
        parameter name -> float32 array.

    Raises:
        ConfigError: no part has the option, or all of them are fused already.
    """
    kept = {parameter.name: parameter.asnumpy() for parameter in network.get_parameters()}
    found: dict[str, np.ndarray] = {}
    for part in ("backbone", "neck", "head"):
        cell = getattr(network, part)
        if cell is None or "fused" not in inspect.signature(type(cell)).parameters:
            continue
        for place, (old, new) in _layers(cell, part).items():
            kept = {name: array for name, array in kept.items() if name not in old}
            found[f"{place}.weight"], found[f"{place}.bias"] = new.weight, new.bias
    if not found:
        raise ConfigError("no part of this network can be fused, or they are fused already")
    return {**kept, **{name: np.asarray(array, np.float32) for name, array in found.items()}}


def _layers(part: nn.Cell, start: str) -> dict[str, tuple[set[str], Fused]]:
    """Name of each convolution of the fused form -> names of the parameters that it replaces, and its weights."""
    found: dict[str, tuple[set[str], Fused]] = {}
    inside: list[str] = []
    for name, cell in part.cells_and_names():
        path = f"{start}.{name}".rstrip(".")
        if any(path.startswith(f"{outer}.") for outer in inside):
            continue
        if isinstance(cell, RepDepthwise | DilatedDepthwise) and cell.conv is None:
            inside.append(path)
            found[f"{path}.conv"] = (_names(cell), cell.fuse())
        elif isinstance(cell, ConvNormAct) and cell.bn is not None:
            found[f"{path}.conv"] = (_names(cell), fold(values(cell.conv.weight), cell.bn))
        elif isinstance(cell, DBHead):
            found.update(_branch(cell.segm, f"{path}.segm"))
    return found


def _branch(layers: nn.SequentialCell, path: str) -> dict[str, tuple[set[str], Fused]]:
    """The convolution and the first transposed convolution of the probability branch, each with its BatchNorm."""
    found = {}
    for number, axis in ((0, 0), (3, 1)):
        layer, norm = layers[number], layers[number + 1]
        if isinstance(norm, nn.BatchNorm2d):
            bias = values(layer.bias) if layer.has_bias else None
            found[f"{path}.{number}"] = (_names(layer) | _names(norm), fold(values(layer.weight), norm, bias, axis))
    return found


def _names(cell: nn.Cell) -> set[str]:
    return {parameter.name for parameter in cell.get_parameters()}
