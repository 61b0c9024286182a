"""Released PP-OCR networks as ONNX files: the layers of the graph, in its order, become those of our network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

from mindocr.errors import CheckpointError
from mindocr.models.converters.onnx_file import OnnxFile, read_onnx
from mindocr.models.converters.onnx_layers import Layer, check_use, count_kinds, layers_of, without_tiny
from mindocr.models.converters.rename import Conversion

read = read_onnx

_HEAD = (("conv", "0"), ("norm", "1"), ("deconv", "3"), ("norm", "4"), ("deconv", "6"))


@dataclass(frozen=True)
class Family:
    """A network that files are compared with.

    Attributes:
        title: its name, for messages.
        recipe: our recipe of it, in the folder of the recipes; the checkpoint carries its settings.
        layers: kind and name of every layer, in the order of the file's graph.
        shapes: (number of the layer, shape of its weight) by which the file is recognised.
        absent: beginning of a parameter name -> why the file has no such weights. They keep their initial values.
    """

    title: str
    recipe: str
    layers: Callable[[], Sequence[tuple[str, str]]]
    shapes: Mapping[int, tuple[int, ...]]
    absent: Mapping[str, str]


def _pyramid_of_v3() -> list[tuple[str, str]]:
    """Coarsest level first: the lateral layers, then the output layers; each with its squeeze-and-excitation."""
    parts = ("in_conv", "se_block.conv1", "se_block.conv2")
    return [
        ("conv", f"neck.{layers}.{level}.{part}")
        for layers in ("ins_conv", "inp_conv")
        for level in (3, 2, 1, 0)
        for part in parts
    ]


def _detector_v3() -> list[tuple[str, str]]:
    units = {0: 3, 1: 3, 2: 6, 3: 3}  # units of each stage of MobileNetV3-large
    parts = ("expand_conv", "bottleneck_conv", "linear_conv")
    cells = ["conv", *(f"stages.{s}.{u}.{p}" for s, count in units.items() for u in range(count) for p in parts)]
    cells.append("stages.3.3")
    backbone = [(kind, f"backbone.{cell}.{own}") for cell in cells for kind, own in (("conv", "conv"), ("norm", "bn"))]
    return [*backbone, *_pyramid_of_v3(), *((kind, f"head.segm.{number}") for kind, number in _HEAD)]


_TRAINED_ONLY = "needed in training only; a released file does not hold it"
FAMILIES = (
    Family(
        "PP-OCRv3's mobile text detector",
        "det/ppocr/ppocrv3_det_mobile.yaml",
        _detector_v3,
        {0: (8, 3, 3, 3), 94: (96, 480, 1, 1)},
        {"head.thresh.": f"the threshold branch, {_TRAINED_ONLY}"},
    ),
)


def convert(file: OnnxFile) -> Conversion:
    """Weights of a released network.

    Raises:
        CheckpointError: the file holds another network; the message names those that are known.
    """
    layers = layers_of(file)
    family = next((each for each in FAMILIES if _fits(each, layers)), None)
    if family is None:
        known = "; ".join(each.title for each in FAMILIES)
        raise CheckpointError(
            f"the network of this file is unknown to the converter: {count_kinds(layers)}, input "
            f"{', '.join(file.inputs)}; known: {known}"
        )
    check_use(file, layers)
    weights, mapped, tiny = {}, {}, 0
    for layer, (_, target) in zip(layers, family.layers()):
        for role, array in layer.arrays.items():
            weights[f"{target}.{role}"], count = without_tiny(array)
            mapped[layer.names[role]] = f"{target}.{role}"
            tiny += count
    name = PurePath(family.recipe).stem
    notes = [f"{family.title}; its settings, those of the recipe {name}, are stored in the checkpoint"]
    if tiny:
        notes.append(f"{tiny} weights closer to 0 than 1e-30 are 0 now: the outputs stay the same, and CPUs are faster")
    return Conversion(weights, mapped, {}, notes=tuple(notes), absent=dict(family.absent), recipe=family.recipe)


def _fits(family: Family, layers: Sequence[Layer]) -> bool:
    expected = [kind for kind, _ in family.layers()]
    return [layer.kind for layer in layers] == expected and all(
        _shape(layers[number].arrays) == shape for number, shape in family.shapes.items()
    )


def _shape(arrays: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(np.shape(arrays.get("weight", ())))
