"""PaddleOCR's detectors, alone or as the student of a distillation.

Backbone MobileNetV3 or ResNet-vd, neck DBFPN, RSEFPN or LKPAN, and DBHead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mindocr.models.converters.parts import (
    first_dimension,
    head_spec,
    pyramid_spec,
    resnet_spec,
    width_multiplier,
)
from mindocr.models.converters.reader import read_weights
from mindocr.models.converters.rename import Conversion, refuse, rename

read = read_weights

_SOURCE = "PaddleOCR's text detectors with MobileNetV3 or ResNet-vd, DBFPN, RSEFPN or LKPAN, and DBHead"
_HEAD = {"conv1": 0, "conv_bn1": 1, "conv2": 3, "conv_bn2": 4, "conv3": 6}
_KERNELS = r"(?:in[sp]|pan_head|pan_lat)_conv\.\d"
# A block of ResNet-vd counts its convolutions from 0; each has its BatchNorm inside.
_RESNET_VD = (
    *((rf"backbone\.conv1_{i + 1}\._conv\.weight", f"backbone.stem.{i}.conv.weight") for i in range(3)),
    *((rf"backbone\.conv1_{i + 1}\._batch_norm\.(.+)", rf"backbone.stem.{i}.bn.\1") for i in range(3)),
    *(
        (rf"backbone\.bb_{stage}_(\d+)\.{theirs}", rf"backbone.layer{stage + 1}.\1.{ours}")
        for stage in range(4)
        for theirs, ours in (
            (r"short\._conv\.weight", "down_sample.0.weight"),
            (r"short\._batch_norm\.(.+)", r"down_sample.1.\2"),
            *((rf"conv{i}\._conv(?:\.conv_dcn)?\.weight", f"conv{i + 1}.weight") for i in range(3)),
            *((rf"conv{i}\._conv\.conv_offset\.(weight|bias)", rf"conv{i + 1}.offset.\2") for i in range(3)),
            *((rf"conv{i}\._batch_norm\.(.+)", rf"bn{i + 1}.\2") for i in range(3)),
        )
    ),
)
_RULES = (
    *_RESNET_VD,
    (r"backbone\.conv\.(.+)", r"backbone.conv.\1"),
    (r"backbone\.stage(\d)\.(.+)", r"backbone.stages.\1.\2"),
    *((rf"neck\.in{i + 2}_conv\.(weight|bias)", rf"neck.unify_channels.{i}.\1") for i in range(4)),
    *((rf"neck\.p{i + 2}_conv\.(weight|bias)", rf"neck.out.{i}.\1") for i in range(4)),
    (r"neck\.asf\.conv\.(weight|bias)", r"neck.fuse.conv.\1"),
    (r"neck\.asf\.spatial_scale\.([02])\.weight", r"neck.fuse.spat_att.\1.weight"),
    (r"neck\.asf\.channel_scale\.0\.weight", "neck.fuse.scale_att.0.weight"),
    (r"(neck\.in[sp]_conv\.\d\.(?:in_conv|se_block\.conv[12])\.(?:weight|bias))", r"\1"),
    (rf"(neck\.{_KERNELS}\.(?:(?:conv[123]|conv_end)\.)?weight)", r"\1"),
    (rf"(neck\.{_KERNELS}\.bn[12]\..+)", r"\1"),
    *(
        (rf"head\.{theirs}\.{layer}\.(.+)", rf"head.{ours}.{i}.\1")
        for theirs, ours in (("binarize", "segm"), ("thresh", "thresh"))
        for layer, i in _HEAD.items()
    ),
)
_STUDENT = "Student."


def convert(weights: Mapping[str, Any]) -> Conversion:
    """Detector weights; of a distillation, those of the network called Student.

    Raises:
        CheckpointError: a ResNet with a 7x7 stem, an LCNet, or entries of another network.
    """
    own, others = _student(weights)
    refuse(own, r"^backbone\.conv1\._conv", "a ResNet of Paddle with a 7x7 stem")
    refuse(own, r"^backbone\.blocks\d", "a PP-LCNet")
    found = rename(own, _RULES, (("StructuredToParameterName@@", "Paddle's own table of names"),), _SOURCE)
    spec = {
        "type": "det",
        "transform": None,
        "backbone": _backbone(found.weights),
        "neck": _neck(found.weights),
        "head": head_spec(found.weights),
    }
    prefix = _STUDENT if others else ""
    mapped = {prefix + name: target for name, target in found.mapped.items()}
    left_over = {**found.left_over, **dict.fromkeys(others, "another network of the distillation")}
    note = (
        "input of the source: BGR, ImageNet mean and std in that order (mean (0.485, 0.456, 0.406) is subtracted from "
        "blue, green, red); set the pipelines to it"
    )
    return replace(found, mapped=mapped, left_over=left_over, spec=spec, notes=(note,))


def _student(weights: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The entries of the network to take, without its prefix, and the names of all others."""
    first = _STUDENT
    if not any(name.startswith(first) for name in weights):
        return dict(weights), []
    own = {name[len(first) :]: value for name, value in weights.items() if name.startswith(first)}
    return own, [name for name in weights if not name.startswith(first)]


def _backbone(weights: Mapping[str, np.ndarray]) -> dict[str, Any]:
    if "backbone.stem.0.conv.weight" in weights:
        return resnet_spec(weights)
    alpha = width_multiplier(
        first_dimension(weights, "backbone.conv.conv.weight"),
        first_dimension(weights, "backbone.stages.3.3.conv.weight"),
    )
    architecture = "large" if "backbone.stages.0.1.linear_conv.conv.weight" in weights else "small"
    excited = any(".mid_se." in name for name in weights)
    spec = {"name": "det_mobilenet_v3_enhance", "architecture": architecture, "alpha": alpha, "disable_se": not excited}
    return {**spec, "origin": "paddleocr"} if excited else spec


def _neck(weights: Mapping[str, np.ndarray]) -> dict[str, Any]:
    if not any(name.startswith("neck.ins_conv.") for name in weights):
        return pyramid_spec(weights)
    if any(name.startswith("neck.pan_head_conv.") for name in weights):
        mode = "lite" if "neck.inp_conv.0.conv1.weight" in weights else "large"
        return {"name": "LKPAN", "out_channels": first_dimension(weights, "neck.ins_conv.0.weight"), "mode": mode}
    width = first_dimension(weights, "neck.ins_conv.0.in_conv.weight")
    # Weights do not show whether there is a shortcut; PP-OCRv3 has it.
    return {"name": "RSEFPN", "out_channels": width, "shortcut": True, "origin": "paddleocr"}
