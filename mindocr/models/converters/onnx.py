"""Released PP-OCR networks as ONNX files: the layers of the graph, in its order, become those of our network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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
        layers: kind and name of every layer, in the order of the file's graph.
        shapes: (number of the layer, shape of its weight) by which the file is recognised; None = any size.
        settings: the ``model`` section, and what :mod:`mindocr.inference.metadata` calls pipeline and postprocess.
        recipe: name of our recipe of it; empty = none yet.
        absent: beginning of a parameter name -> why the file has no such weights. They keep their initial values.
    """

    title: str
    layers: Callable[[], Sequence[tuple[str, str]]]
    shapes: Mapping[int, tuple[int | None, ...]]
    settings: Callable[[OnnxFile, Sequence[Layer]], Settings]
    recipe: str = ""
    absent: Mapping[str, str] = field(default_factory=dict)


class Settings(NamedTuple):
    """What is needed to use a released network.

    Attributes:
        spec: the ``model`` section.
        pipeline: ops from an image file to the network's input.
        postprocess: the ``postprocess`` section.
    """

    spec: dict[str, Any]
    pipeline: list[dict[str, Any]]
    postprocess: dict[str, Any]


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


def _recogniser_v3() -> list[tuple[str, str]]:
    def unit(name: str) -> list[tuple[str, str]]:
        return [("conv", f"{name}.conv"), ("norm", f"{name}.bn")]

    layers = unit("backbone.conv")
    for i in range(13):
        excite = [("conv", f"backbone.blocks.{i}.se.conv{n}") for n in (1, 2)] if i > 10 else []
        layers += [*unit(f"backbone.blocks.{i}.depthwise"), *excite, *unit(f"backbone.blocks.{i}.pointwise")]
    layers += [*unit("neck.conv1"), *unit("neck.conv2")]
    parts = ("norm1", "mixer.qkv", "mixer.proj", "norm2", "fc1", "fc2")
    for i in range(2):
        layers += [("scale" if "norm" in part else "linear", f"neck.blocks.{i}.{part}") for part in parts]
    layers.append(("scale", "neck.norm"))
    return [*layers, *unit("neck.conv3"), *unit("neck.conv4"), *unit("neck.conv5"), ("linear", "head.fc")]


def _settings_of_detector_v3(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "det_mobilenet_v3_enhance", "architecture": "large", "alpha": 0.5, "disable_se": True}
    neck = {"name": "RSEFPN", "out_channels": 96, "shortcut": True, "origin": "paddleocr"}
    head = {"name": "DBHead", "k": 50, "bias": False, "adaptive": True}
    pipeline: list[dict[str, Any]] = [
        {"DecodeImage": {"img_mode": "BGR"}},
        {"DetResize": {"keep_ratio": True, "padding": False, "limit_side_len": 736, "limit_type": "min"}},
        # The released networks take blue, green, red, with ImageNet's numbers in the order red, green, blue.
        {"NormalizeImage": {"mean": "imagenet", "std": "imagenet"}},
        {"ToCHWImage": None},
    ]
    postprocess = {
        "name": "DBPostprocess", "box_type": "quad", "binary_thresh": 0.3, "box_thresh": 0.6, "expand_ratio": 1.5,
    }  # fmt: skip
    spec = {"type": "det", "transform": None, "backbone": backbone, "neck": neck, "head": head}
    return Settings(spec, pipeline, postprocess)


def _settings_of_recogniser_v3(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    classes = len(layers[-1].arrays["weight"])
    characters = _characters(file, classes)
    spec = {
        "type": "rec",
        "transform": None,
        "backbone": {"name": "rec_lcnet", "scale": 0.5, "last_stride": [1, 2], "pooling": "mean"},
        "neck": {"name": "SVTRNeck", "dims": 64, "kernel_size": [3, 3]},
        "head": {"name": "CTCHead", "out_channels": classes},
    }
    pipeline: list[dict[str, Any]] = [
        {"DecodeImage": {"img_mode": "BGR"}},
        {"ResizeTextLine": {"height": 48}},
        {"NormalizeImage": {"mean": [127.5] * 3, "std": [127.5] * 3}},
        {"ToCHWImage": None},
        {"PadTextLine": {"min_width": 320}},
    ]
    return Settings(spec, pipeline, {"name": "CTCDecode", "characters": characters, "use_space_char": True})


def _characters(file: OnnxFile, classes: int) -> list[str]:
    """The dictionary that a file holds: one character for each class, without the blank and the space.

    Raises:
        CheckpointError: it holds none, or one of another length.
    """
    text = file.metadata.get("character")
    if text is None:
        raise CheckpointError("the file holds no character dictionary (metadata 'character')")
    characters = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if len(characters) != classes - 2:
        raise CheckpointError(
            f"its dictionary has {len(characters)} characters, but the network has {classes} classes; expected "
            f"{classes - 2} characters, the blank and the space"
        )
    return characters


_TRAINED_ONLY = "needed in training only; a released file does not hold it"
FAMILIES = (
    Family(
        "PP-OCRv3's mobile text detector",
        _detector_v3,
        {0: (8, 3, 3, 3), 94: (96, 480, 1, 1)},
        _settings_of_detector_v3,
        "ppocrv3_det_mobile",
        {"head.thresh.": f"the threshold branch, {_TRAINED_ONLY}"},
    ),
    Family(
        "PP-OCRv3's mobile text recogniser",
        _recogniser_v3,
        {0: (16, 3, 3, 3), 81: (None, 64)},
        _settings_of_recogniser_v3,
        "ppocrv3_rec_mobile",
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
    spec, pipeline, postprocess = family.settings(file, layers)
    notes = [family.title]
    if tiny:
        notes.append(f"{tiny} weights closer to 0 than 1e-30 are 0 now: the outputs stay the same, and CPUs are faster")
    return Conversion(
        weights,
        mapped,
        {},
        spec,
        tuple(notes),
        dict(family.absent),
        {"pipeline": pipeline, "postprocess": postprocess},
        family.recipe,
    )


def _fits(family: Family, layers: Sequence[Layer]) -> bool:
    if [layer.kind for layer in layers] != [kind for kind, _ in family.layers()]:
        return False
    return all(_agree(np.shape(layers[i].arrays["weight"]), shape) for i, shape in family.shapes.items())


def _agree(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(want in (None, size) for size, want in zip(shape, expected))
