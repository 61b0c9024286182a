"""ImageNet classifiers of torchvision: resnet18, resnet50, mobilenet_v3_..., vgg16 and vgg16_bn, as backbones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mindocr.errors import CheckpointError
from mindocr.models.converters.parts import (
    CLASSIFIER,
    COUNTERS,
    first_dimension,
    resnet_rules,
    resnet_spec,
    width_multiplier,
)
from mindocr.models.converters.reader import read_weights
from mindocr.models.converters.rename import Conversion, rename

read = read_weights

_SOURCE = "torchvision's resnet18, resnet50, mobilenet_v3, vgg16 and vgg16_bn classifiers"
_LEFT_OVER = (COUNTERS, (r"(fc|classifier)\..+", CLASSIFIER))
_INPUT = "input of the source: RGB, ImageNet mean and std, as in this toolkit's recipes"
# torchvision's MobileNetV3 adds this to variances, MindSpore's BatchNorm 1e-5
_EPS, _OUR_EPS = 1e-3, 1e-5
_EXCITE = {"fc1": "conv_reduce", "fc2": "conv_expand"}


def convert(weights: Mapping[str, Any]) -> Conversion:
    """Weights for the backbone alone; ``model.backbone.pretrained`` takes the file.

    Raises:
        CheckpointError: another network, or a size that this toolkit does not have.
    """
    if "features.0.weight" in weights:
        return _vgg(weights)
    if any(name.startswith("features.") for name in weights):
        return _mobilenet(weights)
    found = rename(weights, resnet_rules("", ""), _LEFT_OVER, _SOURCE)
    return replace(found, spec={"backbone": resnet_spec(found.weights, "")}, notes=(_INPUT,))


def _vgg(weights: Mapping[str, Any]) -> Conversion:
    """VGG-16; a convolution's bias before a BatchNorm is subtracted from its mean, which computes the same."""
    from mindocr.models.backbones.vgg16 import BLOCKS

    norm = "features.1.running_mean" in weights
    layers = [f"conv{block}_{i}" for block, (_, count) in enumerate(BLOCKS, 1) for i in range(1, count + 1)]
    rules, place = [], 0
    for layer in layers:
        place += place > 0 and layer.endswith("_1")  # a pooling before each block but the first
        rules += [(rf"features\.{place + i}\.(.+)", rf"{layer}.{i}.\1") for i in range(1 + norm)]
        place += 2 + norm
    found = rename(weights, rules, _LEFT_OVER, _SOURCE)
    shapes = [np.shape(found.weights.get(f"{layer}.0.weight", ())) for layer in layers]
    widths = [width for width, count in BLOCKS for _ in range(count)]
    if shapes != [(width, source, 3, 3) for width, source in zip(widths, [3, *widths])]:
        raise CheckpointError(f"this is another VGG than vgg16 and vgg16_bn; expected {_SOURCE}")
    for layer in layers if norm else ():
        bias = found.weights.pop(f"{layer}.0.bias")
        found.weights[f"{layer}.1.moving_mean"] = found.weights[f"{layer}.1.moving_mean"] - bias
    note = "biases of convolutions were subtracted from the means of the BatchNorms behind them"
    backbone = {"name": "det_vgg16", "batch_norm": norm}
    return replace(found, spec={"backbone": backbone}, notes=(_INPUT, note) if norm else (_INPUT,))


def _mobilenet(weights: Mapping[str, Any]) -> Conversion:
    units = {int(m[1]) for name in weights if (m := re.match(r"features\.(\d+)\.block\.", name))}
    last = max(units, default=0) + 1
    rules = [
        (r"features\.0\.0\.weight", "features.0.weight"),
        (r"features\.0\.1\.(.+)", r"features.1.\1"),
        (rf"features\.{last}\.0\.weight", f"features.{last + 2}.weight"),
        (rf"features\.{last}\.1\.(.+)", rf"features.{last + 3}.\1"),
    ]
    for unit in sorted(units):
        rules += _unit_rules(weights, unit)
    found = rename(weights, rules, _LEFT_OVER, _SOURCE)
    for name in found.weights:
        if name.endswith(".moving_variance"):
            found.weights[name] = found.weights[name] + np.float32(_EPS - _OUR_EPS)
    alpha = width_multiplier(
        first_dimension(found.weights, "features.0.weight"),
        first_dimension(found.weights, f"features.{last + 2}.weight"),
    )
    backbone = {
        "name": "det_mobilenet_v3",
        "architecture": "large" if len(units) == 15 else "small",
        "alpha": alpha,
        "pad_mode": "centred",
    }
    note = "variances were raised by 0.00099, because the source adds 0.001 to them where MindSpore adds 0.00001"
    return replace(found, spec={"backbone": backbone}, notes=(_INPUT, note))


def _unit_rules(weights: Mapping[str, Any], unit: int) -> list[tuple[str, str]]:
    """Rules of one unit: convolution, BatchNorm and activation are three layers of ours, an excitation is one."""
    pattern = re.compile(rf"features\.{unit}\.block\.(\d+)\.(\w+)\.")
    blocks = sorted({(int(m[1]), m[2] in _EXCITE) for name in weights if (m := pattern.match(name))})
    rules, layer = [], 0
    for block, excites in blocks:
        theirs, ours = rf"features\.{unit}\.block\.{block}", f"features.{unit + 2}.layers"
        if excites:
            rules += [(rf"{theirs}\.{fc}\.(.+)", rf"{ours}.{layer}.{name}.\1") for fc, name in _EXCITE.items()]
        else:
            rules += [(rf"{theirs}\.{i}\.(.+)", rf"{ours}.{layer + i}.\1") for i in (0, 1)]
        layer += 1 if excites else 3
    return rules
