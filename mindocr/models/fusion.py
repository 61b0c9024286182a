"""The fused form of a trained network: layers without branches, with biases in place of BatchNorms."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
from mindspore import Tensor, nn

from mindocr.errors import CheckpointError, ConfigError
from mindocr.models.fold import Fused, fold, values
from mindocr.models.heads.db_head import DBHead
from mindocr.models.layers import ConvNormAct
from mindocr.models.network import Network
from mindocr.models.rep_layers import RepLayer
from mindocr.registry import BACKBONES, HEADS, NECKS

_PARTS = {"backbone": BACKBONES, "neck": NECKS, "head": HEADS}


def has_other_form(section: Mapping[str, Any], fused: bool) -> bool:
    """Whether a part of the network of a ``model`` section is in the form that is not ``fused``."""
    return any(_is_fused(section, part) is not None and _is_fused(section, part) is not fused for part in _PARTS)


def in_form(section: Mapping[str, Any], fused: bool) -> dict[str, Any]:
    """A ``model`` section with ``fused`` set to this value in each part that has the option.

    Raises:
        ConfigError: no part has the option, or all of them have this form already.
    """
    having = [part for part in _PARTS if _is_fused(section, part) is not None]
    if not having:
        raise ConfigError("no part of this network can be fused: none has the option 'fused'")
    if not has_other_form(section, fused):
        raise ConfigError(
            f"all parts of this network ({', '.join(having)}) have the form 'fused: {fused}' already; nothing is to do"
        )
    return {**section, **{part: {**section[part], "fused": fused} for part in having}}


def _is_fused(section: Mapping[str, Any], part: str) -> bool | None:
    """The option ``fused`` of a part; None if it does not have this option."""
    arguments = section.get(part)
    if not arguments:
        return None
    options = inspect.signature(_PARTS[part].get(arguments["name"])).parameters
    return bool(arguments.get("fused", options["fused"].default)) if "fused" in options else None


def fuse(network: Network, fused: Network) -> None:
    """Give ``fused`` the weights of ``network``, so that both compute the same in evaluation.

    Args:
        network: the network with branches and trained weights.
        fused: the network of the same settings with ``fused: True``.

    Raises:
        CheckpointError: the two networks do not belong together.
    """
    for ours, other in paired(fused, network):
        if isinstance(ours, RepLayer):
            if other.conv is None:
                _give(ours.single, other.fuse())
        elif isinstance(ours, ConvNormAct):
            if other.bn is not None and ours.bn is None:
                _give(ours.conv, fold(values(other.conv.weight), other.bn))
        else:
            _fuse_branch(ours.segm, other.segm)


def paired(network: Network, source: Network) -> list[tuple[Any, Any]]:
    """Copy the weights that both forms of a network have, and return the cells that may differ between them.

    Args:
        network: gets the weights.
        source: the network of the same settings in the other form.

    Returns:
        Pairs (cell of ``network``, its counterpart in ``source``).

    Raises:
        CheckpointError: the two networks do not belong together.
    """
    ours, theirs = _cells(network), _cells(source)
    given = {parameter.name: parameter for parameter in source.get_parameters()}
    shared = [parameter for parameter in network.get_parameters() if parameter.name in given]
    kinds_agree = {name: type(cell) for name, cell in ours.items()} == {name: type(c) for name, c in theirs.items()}
    if not kinds_agree or any(parameter.shape != given[parameter.name].shape for parameter in shared):
        raise CheckpointError("the two networks have different layers, so one is not the fused form of the other")
    for parameter in shared:
        assign(parameter, given[parameter.name].asnumpy())
    return [(cell, theirs[name]) for name, cell in ours.items()]


def assign(parameter: Any, array: np.ndarray) -> None:
    """Set the values of a parameter."""
    parameter.set_data(Tensor(np.asarray(array, np.float32)))


def _cells(network: Network) -> dict[str, nn.Cell]:
    """The cells that may differ between the two forms; those within a :class:`RepLayer` are left out."""
    found: dict[str, nn.Cell] = {}
    outer: tuple[str, ...] = ()
    for name, cell in network.cells_and_names():
        if isinstance(cell, RepLayer | ConvNormAct | DBHead) and not name.startswith(outer):
            found[name] = cell
            outer += (f"{name}.",) if isinstance(cell, RepLayer) else ()
    return found


def _fuse_branch(fused: nn.SequentialCell, branch: nn.SequentialCell) -> None:
    """The convolution and the first transposed convolution of the probability branch, each with its BatchNorm."""
    for number, axis in ((0, 0), (3, 1)):
        layer, norm = branch[number], branch[number + 1]
        if isinstance(norm, nn.BatchNorm2d) and not isinstance(fused[number + 1], nn.BatchNorm2d):
            bias = values(layer.bias) if layer.has_bias else None
            _give(fused[number], fold(values(layer.weight), norm, bias, axis))


def _give(layer: Any, weights: Fused) -> None:
    assign(layer.weight, weights.weight)
    assign(layer.bias, weights.bias)
