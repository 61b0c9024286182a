"""The released mobile networks of PP-OCRv4. Their files hold the fused form of the backbones."""

from __future__ import annotations

from collections.abc import Sequence

from mindocr.models.converters.onnx_family import (
    THRESHOLD_ABSENT,
    Family,
    Settings,
    conv_norm,
    excited_pyramid,
    line_settings,
    mobile_settings,
    svtr_neck,
    text_head,
)
from mindocr.models.converters.onnx_file import OnnxFile
from mindocr.models.converters.onnx_layers import Layer

_DEPTHS = (1, 2, 2, 5, 4)  # blocks of the stages
_EXCITED = ((4, 0), (4, 1))  # stage, block


def _rep(name: str, active: bool = True) -> list[tuple[str, str]]:
    """A fused RepConv; with an activation, a second factor and summand follow it."""
    layers = [("conv", f"{name}.conv.conv"), ("affine", f"{name}.affine")]
    return [*layers, ("affine", f"{name}.act.1")] if active else layers


def _backbone(halving: bool) -> list[tuple[str, str]]:
    """Layers of PPLCNetV3; ``halving``: the depthwise layers that begin stages halve both sides."""
    layers = conv_norm("backbone.stem")
    for stage, depth in enumerate(_DEPTHS):
        for i in range(depth):
            block = f"backbone.stages.{stage}.{i}"
            excite = [("conv", f"{block}.se.conv{n}") for n in (1, 2)] if (stage, i) in _EXCITED else []
            halves = halving and stage > 0 and i == 0
            layers += [*_rep(f"{block}.depthwise", not halves), *excite, *_rep(f"{block}.pointwise")]
    return layers


def _detector() -> list[tuple[str, str]]:
    reduced = [("conv", f"backbone.outs.{i}") for i in range(4)]
    return [*_backbone(halving=True), *reduced, *excited_pyramid(), *text_head()]


def _recogniser() -> list[tuple[str, str]]:
    return [*_backbone(halving=False), *svtr_neck()]


def _settings_of_detector(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    return mobile_settings({"name": "pplcnet_v3", "form": "det", "scale": 0.75, "fused": True})


def _settings_of_recogniser(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "pplcnet_v3", "form": "rec", "scale": 0.95, "fused": True}
    return line_settings(backbone, {"name": "SVTRNeck", "dims": 120, "kernel_size": [1, 3]}, file, layers)


FAMILIES = (
    Family(
        "PP-OCRv4's mobile text detector",
        _detector,
        {0: (16, 3, 3, 3), _detector().index(("conv", "backbone.outs.3")): (360, 384, 1, 1)},
        _settings_of_detector,
        "ppocrv4_det_mobile",
        THRESHOLD_ABSENT,
    ),
    Family(
        "PP-OCRv4's mobile text recogniser",
        _recogniser,
        {0: (16, 3, 3, 3), len(_recogniser()) - 1: (None, 120)},
        _settings_of_recogniser,
        "ppocrv4_rec_mobile",
    ),
)
