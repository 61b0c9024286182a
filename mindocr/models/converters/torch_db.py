"""The authors' release of DBNet and DBNet++ in PyTorch (model.module.backbone..., decoder...)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mindocr.models.converters.parts import (
    CLASSIFIER,
    COUNTERS,
    head_spec,
    pyramid_spec,
    resnet_rules,
    resnet_spec,
)
from mindocr.models.converters.reader import read_weights
from mindocr.models.converters.rename import Conversion, rename

read = read_weights

_P = r"(?:model\.)?(?:module\.)?"
_LEVELS = [
    (f"{part}{level}", f"{target}.{i}")
    for i, level in enumerate("2345")
    for part, target in (("in", "neck.unify_channels"), ("out", "neck.out"))
]
_ATTENTION = rf"{_P}decoder\.concat_attention\.enhanced_attention\."
_RULES = (
    *resnet_rules(rf"{_P}backbone\.", "backbone."),
    *((rf"{_P}decoder\.{name}(?:\.0)?\.(weight|bias)", rf"{target}.\1") for name, target in _LEVELS),
    (rf"{_P}decoder\.binarize\.(.+)", r"head.segm.\1"),
    (rf"{_P}decoder\.thresh\.(.+)", r"head.thresh.\1"),
    (rf"{_P}decoder\.concat_attention\.conv\.(weight|bias)", r"neck.fuse.conv.\1"),
    (rf"{_ATTENTION}channel_wise\.1\.weight", "neck.fuse.chan_att.0.weight"),
    (rf"{_ATTENTION}channel_wise\.3\.weight", "neck.fuse.chan_att.2.weight"),
    (rf"{_ATTENTION}spatial_wise\.([02])\.weight", r"neck.fuse.spat_att.\1.weight"),
    (rf"{_ATTENTION}attention_wise\.0\.weight", "neck.fuse.scale_att.0.weight"),
)
_INPUT = (
    "input of the source: BGR, minus (122.68, 116.67, 104.01), divided by 255; set the NormalizeImage of the pipelines "
    "to it"
)
_UNSTRIDED = (
    "dcn_origin: in the three blocks of stride 2 the authors' code reads the offsets from a map of twice the size; "
    "weights of a copy of their code in which this is repaired need dcn_origin: paper"
)
_LEFT_OVER = (
    COUNTERS,
    (rf"{_P}backbone\.fc\..+", CLASSIFIER),
    (rf"{_P}backbone\.smooth\..+", "a layer that the authors' network has but does not use"),
)


def convert(weights: Mapping[str, Any]) -> Conversion:
    """Detector weights with a ResNet-18 or ResNet-50, plain or with deformable convolutions.

    Raises:
        CheckpointError: entries of another network.
    """
    found = rename(weights, _RULES, _LEFT_OVER, "checkpoints of the authors' DBNet and DBNet++ in PyTorch")
    backbone = resnet_spec(found.weights)
    notes = [_INPUT]
    if "dcn_stages" in backbone and backbone["name"] == "det_resnet50":
        backbone["dcn_origin"] = "authors"
        notes.append(_UNSTRIDED)
    spec = {
        "type": "det",
        "transform": None,
        "backbone": backbone,
        "neck": pyramid_spec(found.weights),
        "head": head_spec(found.weights),
    }
    return replace(found, spec=spec, notes=tuple(notes))
