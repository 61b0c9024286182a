"""What a family of released networks is: layers in the order of the file, and the settings to use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from mindocr.errors import CheckpointError
from mindocr.models.converters.onnx_file import OnnxFile
from mindocr.models.converters.onnx_layers import Layer

THRESHOLD_ABSENT = {
    "head.thresh.": "the threshold branch, needed in training only; a released file does not hold it",
}
AUXILIARY_ABSENT = {
    "head.auxiliary_": "the auxiliary heads, of training only; a released file does not hold them",
}

CHARACTERS = "character"  # key of the dictionary in a file's metadata
DICTIONARY = "ppocr_keys_v1.txt"  # file of the dictionary that PP-OCR's recognisers up to v4 share


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


def fits(family: Family, layers: Sequence[Layer]) -> bool:
    """Whether the layers of a file are those of a family."""
    if [layer.kind for layer in layers] != [kind for kind, _ in family.layers()]:
        return False
    return all(_agree(np.shape(layers[i].arrays["weight"]), shape) for i, shape in family.shapes.items())


def _agree(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(want in (None, size) for size, want in zip(shape, expected))


def attention(depth: int) -> list[tuple[str, str]]:
    """Attention blocks and the norm behind them."""
    parts = ("norm1", "mixer.qkv", "mixer.proj", "norm2", "fc1", "fc2")
    layers = [(f"neck.blocks.{i}.{part}", part) for i in range(depth) for part in parts]
    return [*(("scale" if "norm" in part else "linear", name) for name, part in layers), ("scale", "neck.norm")]


def conv_norm(name: str) -> list[tuple[str, str]]:
    """A convolution and its BatchNorm."""
    return [("conv", f"{name}.conv"), ("norm", f"{name}.bn")]


def mobile_units(names: Sequence[str], excited: Sequence[bool]) -> list[tuple[str, str]]:
    """Units of MobileNetV3 with these names, and whether each has squeeze-and-excitation."""
    layers: list[tuple[str, str]] = []
    for unit, has in zip(names, excited):
        excite = [("conv", f"{unit}.mid_se.conv{n}") for n in (1, 2)] if has else []
        layers += [*conv_norm(f"{unit}.expand_conv"), *conv_norm(f"{unit}.bottleneck_conv"), *excite]
        layers += conv_norm(f"{unit}.linear_conv")
    return layers


def photo_mobile_net() -> list[tuple[str, str]]:
    """MobileNetV3-large of the detectors, without squeeze-and-excitation."""
    units = [f"backbone.stages.{stage}.{i}" for stage, count in enumerate((3, 3, 6, 3)) for i in range(count)]
    layers = [*conv_norm("backbone.conv"), *mobile_units(units, [False] * len(units))]
    return [*layers, *conv_norm("backbone.stages.3.3")]


def line_mobile_net() -> list[tuple[str, str]]:
    """MobileNetV3-small for text lines."""
    excited = (True, False, False, *[True] * 8)
    units = mobile_units([f"backbone.units.{i}" for i in range(len(excited))], excited)
    return [*conv_norm("backbone.conv"), *units, *conv_norm("backbone.last_conv")]


def excited_pyramid() -> list[tuple[str, str]]:
    """RSEFPN, coarsest level first: the lateral layers, then the output layers; each with its excitation."""
    parts = ("in_conv", "se_block.conv1", "se_block.conv2")
    return [
        ("conv", f"neck.{layers}.{level}.{part}")
        for layers in ("ins_conv", "inp_conv")
        for level in (3, 2, 1, 0)
        for part in parts
    ]


def text_head() -> list[tuple[str, str]]:
    """The probability branch of DBHead with its BatchNorms."""
    layers = (("conv", "0"), ("norm", "1"), ("deconv", "3"), ("norm", "4"), ("deconv", "6"))
    return [(kind, f"head.segm.{number}") for kind, number in layers]


def svtr_neck() -> list[tuple[str, str]]:
    """SVTRNeck and the dense layer of CTCHead."""
    before, behind = (("conv1", "conv2"), ("conv3", "conv4", "conv5"))
    layers = [layer for name in before for layer in conv_norm(f"neck.{name}")]
    layers += attention(2)
    return [*layers, *(layer for name in behind for layer in conv_norm(f"neck.{name}")), ("linear", "head.fc")]


def lcnet() -> list[tuple[str, str]]:
    """Layers of PP-LCNet for text lines; its last two blocks have squeeze-and-excitation."""
    layers = conv_norm("backbone.conv")
    for i in range(13):
        block = f"backbone.blocks.{i}"
        excite = [("conv", f"{block}.se.conv{n}") for n in (1, 2)] if i > 10 else []
        layers += [*conv_norm(f"{block}.depthwise"), *excite, *conv_norm(f"{block}.pointwise")]
    return layers


def photo_pipeline() -> list[dict[str, Any]]:
    """Ops from an image file to a detector's input."""
    return [
        {"DecodeImage": {"img_mode": "BGR"}},
        {"DetResize": {"keep_ratio": True, "padding": False, "limit_side_len": 736, "limit_type": "min"}},
        # The released networks take blue, green, red, with ImageNet's numbers in the order red, green, blue.
        {"NormalizeImage": {"mean": "imagenet", "std": "imagenet"}},
        {"ToCHWImage": None},
    ]


def mobile_settings(backbone: dict[str, Any]) -> Settings:
    """Settings of a mobile detector of PP-OCRv3 or v4: RSEFPN and DBHead behind the backbone."""
    return photo_settings(backbone, {"name": "RSEFPN", "out_channels": 96, "shortcut": True, "origin": "paddleocr"})


def photo_settings(backbone: dict[str, Any], neck: dict[str, Any]) -> Settings:
    """Settings of a detector with DBHead."""
    head = {"name": "DBHead", "k": 50, "bias": False, "adaptive": True}
    postprocess = {
        "name": "DBPostprocess", "box_type": "quad", "binary_thresh": 0.3, "box_thresh": 0.6, "expand_ratio": 1.5,
    }  # fmt: skip
    spec = {"type": "det", "transform": None, "backbone": backbone, "neck": neck, "head": head}
    return Settings(spec, photo_pipeline(), postprocess)


def line_pipeline(height: int, min_width: int = 320, **resize: int) -> list[dict[str, Any]]:
    """Ops from the image of a text line to a network's input; ``resize``: further arguments of ``ResizeTextLine``."""
    return [
        {"DecodeImage": {"img_mode": "BGR"}},
        {"ResizeTextLine": {"height": height, **resize}},
        {"NormalizeImage": {"mean": [127.5] * 3, "std": [127.5] * 3}},
        {"ToCHWImage": None},
        {"PadTextLine": {"min_width": min_width}},
    ]


def line_settings(
    backbone: dict[str, Any],
    neck: dict[str, Any],
    file: OnnxFile,
    layers: Sequence[Layer],
    height: int = 48,
    **head: int,
) -> Settings:
    """Settings of a recogniser of lines ``height`` pixels high, with the dictionary that its file holds.

    ``head``: further arguments of ``CTCHead``.
    """
    classes = len(layers[-1].arrays["weight"])
    characters = characters_of(file, classes)
    section = {"name": "CTCHead", "out_channels": classes, **head}
    spec = {"type": "rec", "transform": None, "backbone": backbone, "neck": neck, "head": section}
    postprocess = {"name": "CTCDecode", "characters": characters, "use_space_char": True}
    return Settings(spec, line_pipeline(height), postprocess)


def characters_of(file: OnnxFile, classes: int) -> list[str]:
    """The dictionary that a file holds: one character for each class, without the blank and the space.

    Raises:
        CheckpointError: it holds none, or one of another length.
    """
    text = file.metadata.get(CHARACTERS)
    if text is None:
        raise CheckpointError(
            f"the file holds no character dictionary (metadata '{CHARACTERS}'); name the file of its dictionary with "
            f"--dictionary, or put it as {DICTIONARY} into the same folder"
        )
    characters = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if len(characters) != classes - 2:
        raise CheckpointError(
            f"its dictionary has {len(characters)} characters, but the network has {classes} classes; expected "
            f"{classes - 2} characters, the blank and the space"
        )
    return characters
