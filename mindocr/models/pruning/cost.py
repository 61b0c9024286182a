"""Multiplications and additions of a detector that can be pruned."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from mindocr.models.backbones.mobilenet_v3 import plan_units
from mindocr.models.pruning.layout import Shapes

HEIGHT = WIDTH = 640  # of the image whose cost the papers state
_TRAINING = ("head.thresh.", "head.auxiliary_")
_EXCITE = re.compile(r"\.(mid_se|se_block)\.")


def multiply_adds(section: Mapping[str, Any], shapes: Shapes, height: int = HEIGHT, width: int = WIDTH) -> int | None:
    """Multiply-add operations of all convolutions for one image, in evaluation: without the branch of the threshold.

    Args:
        section: ``model`` section of a network that :func:`~mindocr.models.pruning.layout.find_layers` accepts.
        shapes: of its arrays by name.
        height, width: of the image in pixels, multiples of 32.

    Returns:
        None if the network has a layer whose resolution is not known here.
    """
    strides = _strides(section, shapes)
    total = 0
    for key, shape in shapes.items():
        if len(shape) != 4 or key.startswith(_TRAINING):
            continue
        stride = _stride(key, strides)
        if stride is None:
            return None
        # A squeeze-and-excitation sees one mean of each channel
        area = 1 if _EXCITE.search(key) else (height // stride) * (width // stride)
        total += math.prod(shape) * area
    return total


def _stride(key: str, strides: Mapping[str, int]) -> int | None:
    prefix = max((prefix for prefix in strides if key.startswith(prefix)), key=len, default=None)
    return None if prefix is None else strides[prefix]


def _strides(section: Mapping[str, Any], shapes: Shapes) -> dict[str, int]:
    """Beginning of the names of arrays -> stride of the maps on which their kernels are placed."""
    strides = {"backbone.conv.": 2}
    backbone = section["backbone"]
    units = plan_units(backbone.get("architecture", "large"), backbone.get("alpha", 1.0))
    names = sorted(
        {(int(m[1]), int(m[2])) for key in shapes if (m := re.match(r"backbone\.stages\.(\d+)\.(\d+)\.", key))}
    )
    stride = 2
    for (stage, number), unit in zip(names, units):
        strides[f"backbone.stages.{stage}.{number}.expand_conv."] = stride
        stride *= unit.stride
        strides[f"backbone.stages.{stage}.{number}."] = stride
    stage, number = names[-1]
    strides[f"backbone.stages.{stage}.{number}."] = stride
    for level in range(4):
        for name in ("unify_channels", "out", "ins_conv", "inp_conv"):
            strides[f"neck.{name}.{level}."] = 4 * 2**level
    # Each pixel of the input of a transposed convolution is multiplied with the whole kernel
    return {**strides, "head.segm.0.": 4, "head.segm.3.": 4, "head.segm.6.": 2}
