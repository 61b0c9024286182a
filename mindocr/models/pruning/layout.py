"""Which layers of a detector can lose channels, and which arrays of its weights depend on these channels.

A layer can lose channels if nothing is added to its output: the expansions inside the units of the mobile backbone,
the backbone's last convolution, the convolutions of the pyramid whose outputs are concatenated, and the first
convolution of the head. The outputs of the units and of the lateral convolutions are sums, in which all terms would
have to lose the same channels. Transposed convolutions are left as they are, as in PaddleOCR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mindocr.errors import ConfigError

BACKBONES = ("det_mobilenet_v3_enhance",)
HEADS = ("DBHead", "DBHeadEnhance")
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
_UNIT = re.compile(r"backbone\.stages\.(\d+)\.(\d+)\.expand_conv\.conv\.weight")
_LAST = re.compile(r"backbone\.stages\.3\.\d+\.conv\.weight")
Shapes = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Place:
    """An axis of an array that has the channels.

    Attributes:
        key: name of the array.
        axis: its axis.
        offset: index of the first of the channels on this axis.
        reads: whether the array is multiplied with the channels; otherwise it computes them.
    """

    key: str
    axis: int
    offset: int = 0
    reads: bool = False


@dataclass(frozen=True)
class Source:
    """A convolution that computes channels.

    Attributes:
        weight: name of its weight; its filters are scored.
        places: all axes with its channels, that of the weight first.
    """

    weight: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Layer:
    """Convolutions that must keep the same number of channels, because one argument of the network says how many.

    Attributes:
        name: for messages and tables.
        channels: how many it has.
        sources: the convolutions; each loses the channels that its own filters show to be redundant.
    """

    name: str
    channels: int
    sources: tuple[Source, ...]


def find_layers(section: Mapping[str, Any], shapes: Shapes) -> list[Layer]:
    """The layers that can lose channels, from the image to the map.

    Args:
        section: the ``model`` section of one network.
        shapes: of its arrays by name.

    Raises:
        ConfigError: no layer of this network can.
    """
    backbone, neck, head = (_name(section, part) for part in ("backbone", "neck", "head"))
    if backbone not in BACKBONES:
        raise ConfigError(
            f"model.backbone: '{backbone}' cannot be pruned; the backbones that can: {', '.join(BACKBONES)}"
        )
    layers = list(_units(shapes))
    if neck in _LATERAL:
        layers += _last(shapes, _LATERAL[neck])
    if head in HEADS:
        if neck in _LATERAL and not section["neck"].get("use_asf"):
            layers += _levels(shapes, neck)
        layers.append(_head(shapes))
    return layers


def with_widths(section: Mapping[str, Any], shapes: Shapes) -> dict[str, Any]:
    """The ``model`` section of the network whose arrays have these shapes: the same with its numbers of channels."""
    changed = dict(section)
    widths = {"expanded": [shapes[key][0] for key in _unit_keys(shapes)]}
    neck, head = _name(section, "neck"), _name(section, "head")
    if neck in _LATERAL:
        changed["backbone"] = {**section["backbone"], **widths, "last_channels": shapes[_last_key(shapes)][0]}
    else:
        changed["backbone"] = {**section["backbone"], **widths}
    if head in HEADS:
        changed["head"] = {**section["head"], "inner_channels": [shapes["head.segm.0.weight"][0],
                                                                 shapes["head.segm.3.weight"][1]]}  # fmt: skip
        if neck in _LATERAL and not section["neck"].get("use_asf"):
            levels = [shapes[key][0] for key in _level_keys(shapes, neck)]
            changed["neck"] = {**section["neck"], "level_channels": levels}
    return changed


# Of each neck: the name of the lateral convolution of level 3, and of the convolution of a level
_LATERAL = {"DBFPN": "neck.unify_channels.3", "RSEFPN": "neck.ins_conv.3.in_conv"}
_LEVEL = {"DBFPN": "neck.out.{}", "RSEFPN": "neck.inp_conv.{}.in_conv"}


def _name(section: Mapping[str, Any], part: str) -> str:
    return str((section.get(part) or {}).get("name"))


def _unit_keys(shapes: Shapes) -> list[str]:
    found = [(int(m[1]), int(m[2]), key) for key in shapes if (m := _UNIT.fullmatch(key))]
    return [key for _, _, key in sorted(found)]


def _last_key(shapes: Shapes) -> str:
    return next(key for key in shapes if _LAST.fullmatch(key))


def _level_keys(shapes: Shapes, neck: str) -> list[str]:
    keys = (f"{_LEVEL[neck].format(i)}.weight" for i in range(4))
    return [key for key in keys if key in shapes]


def _source(shapes: Shapes, weight: str, computes: Sequence[str], reads: Sequence[Place]) -> Source:
    """A source with those places that the network has; ``computes`` are arrays whose first axis has the channels."""
    places = [Place(weight, 0), *(Place(key, 0) for key in computes), *reads]
    return Source(weight, tuple(place for place in places if place.key in shapes))


def _norm(prefix: str) -> list[str]:
    return [f"{prefix}.{name}" for name in NORM]


def _units(shapes: Shapes) -> Iterator[Layer]:
    for weight in _unit_keys(shapes):
        unit = weight.removesuffix(".expand_conv.conv.weight")
        computes = [
            *_norm(f"{unit}.expand_conv.bn"), f"{unit}.bottleneck_conv.conv.weight",
            *_norm(f"{unit}.bottleneck_conv.bn"), f"{unit}.mid_se.conv2.weight", f"{unit}.mid_se.conv2.bias",
        ]  # fmt: skip
        reads = [
            Place(f"{unit}.mid_se.conv1.weight", 1, reads=True), Place(f"{unit}.linear_conv.conv.weight", 1, reads=True)
        ]  # fmt: skip
        yield Layer(f"{unit}.expand_conv", shapes[weight][0], (_source(shapes, weight, computes, reads),))


def _last(shapes: Shapes, lateral: str) -> Iterator[Layer]:
    weight = _last_key(shapes)
    last = weight.removesuffix(".conv.weight")
    reads = [Place(f"{lateral}.weight", 1, reads=True)]
    yield Layer(last, shapes[weight][0], (_source(shapes, weight, _norm(f"{last}.bn"), reads),))


def _levels(shapes: Shapes, neck: str) -> list[Layer]:
    """The convolutions of the levels, finest first; the joined map has the coarsest first."""
    layers: list[Layer] = []
    offset = 0
    for weight in reversed(_level_keys(shapes, neck)):
        level, excite = weight.removesuffix(".weight"), f"{weight.removesuffix('.in_conv.weight')}.se_block"
        computes = [f"{level}.bias", f"{excite}.conv2.weight", f"{excite}.conv2.bias"]
        reads = [Place(f"{excite}.conv1.weight", 1, reads=True)]
        reads += [Place(f"head.{name}.0.weight", 1, offset, reads=True) for name in ("segm", "thresh")]
        layers.append(Layer(level, shapes[weight][0], (_source(shapes, weight, computes, reads),)))
        offset += shapes[weight][0]
    return layers[::-1]


def _head(shapes: Shapes) -> Layer:
    sources = []
    for name in ("segm", "thresh"):
        weight = f"head.{name}.0.weight"
        if weight in shapes:  # released files lack the branch of the threshold
            computes = [f"head.{name}.0.bias", *_norm(f"head.{name}.1")]
            sources.append(_source(shapes, weight, computes, [Place(f"head.{name}.3.weight", 0, reads=True)]))
    return Layer("head.0", shapes[sources[0].weight][0], tuple(sources))
