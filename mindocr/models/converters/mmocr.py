"""MMOCR's DBNet and DBNet++ (backbone..., neck.lateral_convs..., det_head.binarize...), versions 0.x and 1.x."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mindocr.models.converters.parts import (
    COUNTERS,
    head_spec,
    pyramid_spec,
    resnet_rules,
    resnet_spec,
)
from mindocr.models.converters.reader import read_weights
from mindocr.models.converters.rename import Conversion, refuse, rename

read = read_weights

_ATTENTION = r"neck\.asf_attn\."
_RULES = (
    *resnet_rules(r"backbone\.", "backbone."),
    (r"neck\.lateral_convs\.(\d)\.conv\.(weight|bias)", r"neck.unify_channels.\1.\2"),
    (r"neck\.smooth_convs\.(\d)\.conv\.(weight|bias)", r"neck.out.\1.\2"),
    (r"neck\.asf_conv\.conv\.(weight|bias)", r"neck.fuse.conv.\1"),
    (rf"{_ATTENTION}channel_wise\.0\.conv\.weight", "neck.fuse.chan_att.0.weight"),
    (rf"{_ATTENTION}channel_wise\.1\.conv\.weight", "neck.fuse.chan_att.2.weight"),
    (rf"{_ATTENTION}spatial_wise\.0\.conv\.weight", "neck.fuse.spat_att.0.weight"),
    (rf"{_ATTENTION}spatial_wise\.1\.conv\.weight", "neck.fuse.spat_att.2.weight"),
    (rf"{_ATTENTION}attention_wise\.conv\.weight", "neck.fuse.scale_att.0.weight"),
    (r"(?:det|bbox)_head\.binarize\.(.+)", r"head.segm.\1"),
    (r"(?:det|bbox)_head\.threshold\.(.+)", r"head.thresh.\1"),
)
_LEFT_OVER = (COUNTERS, (r"data_preprocessor\..+", "the input's mean and std, which belong to the pipeline"))
# Layers whose input is all levels: MMOCR concatenates them finest first, we (and the authors) coarsest first.
_SEE_LEVELS = ("head.segm.0.weight", "head.thresh.0.weight", "neck.fuse.conv.weight")
_LEVELS = 4


def convert(weights: Mapping[str, Any]) -> Conversion:
    """Detector weights with a ResNet-18 or ResNet-50, plain or with deformable convolutions.

    Raises:
        CheckpointError: the stem of oCLIP's ResNet, or entries of another network.
    """
    refuse(weights, r"backbone\.(stem|conv3)\.", "a ResNet whose stem has three convolutions")
    found = rename(weights, _RULES, _LEFT_OVER, "checkpoints of MMOCR's DBNet and DBNet++")
    spec = {
        "type": "det",
        "transform": None,
        "backbone": resnet_spec(found.weights),
        "neck": pyramid_spec(found.weights),
        "head": head_spec(found.weights),
    }
    for name in _SEE_LEVELS:
        if name in found.weights:
            found.weights[name] = _coarsest_first(found.weights[name], 1)
    if "neck.fuse.scale_att.0.weight" in found.weights:
        gates = found.weights["neck.fuse.scale_att.0.weight"]
        found.weights["neck.fuse.scale_att.0.weight"] = _coarsest_first(gates, 0)
    note = "input of the source: RGB, ImageNet mean and std, as in this toolkit's recipes"
    return replace(found, spec=spec, notes=(note,))


def _coarsest_first(value: np.ndarray, axis: int) -> np.ndarray:
    """Reverse the order of the levels, each of which has an equal share of the channels along ``axis``."""
    return np.concatenate(np.split(value, _LEVELS, axis)[::-1], axis)
