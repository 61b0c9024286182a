"""The released networks of PP-OCRv3."""

from __future__ import annotations

from collections.abc import Sequence

from mindocr.models.converters.onnx_family import (
    THRESHOLD_ABSENT,
    Family,
    Settings,
    attention,
    conv_norm,
    lcnet,
    line_settings,
    photo_pipeline,
)
from mindocr.models.converters.onnx_file import OnnxFile
from mindocr.models.converters.onnx_layers import Layer

_HEAD = (("conv", "0"), ("norm", "1"), ("deconv", "3"), ("norm", "4"), ("deconv", "6"))


def _pyramid() -> list[tuple[str, str]]:
    """Coarsest level first: the lateral layers, then the output layers; each with its squeeze-and-excitation."""
    parts = ("in_conv", "se_block.conv1", "se_block.conv2")
    return [
        ("conv", f"neck.{layers}.{level}.{part}")
        for layers in ("ins_conv", "inp_conv")
        for level in (3, 2, 1, 0)
        for part in parts
    ]


def _detector() -> list[tuple[str, str]]:
    units = {0: 3, 1: 3, 2: 6, 3: 3}  # units of each stage of MobileNetV3-large
    parts = ("expand_conv", "bottleneck_conv", "linear_conv")
    cells = ["conv", *(f"stages.{s}.{u}.{p}" for s, count in units.items() for u in range(count) for p in parts)]
    cells.append("stages.3.3")
    backbone = [(kind, f"backbone.{cell}.{own}") for cell in cells for kind, own in (("conv", "conv"), ("norm", "bn"))]
    return [*backbone, *_pyramid(), *((kind, f"head.segm.{number}") for kind, number in _HEAD)]


def _recogniser() -> list[tuple[str, str]]:
    before = [*conv_norm("neck.conv1"), *conv_norm("neck.conv2")]
    behind = [layer for number in (3, 4, 5) for layer in conv_norm(f"neck.conv{number}")]
    return [*lcnet(), *before, *attention(2), *behind, ("linear", "head.fc")]


def _settings_of_detector(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "det_mobilenet_v3_enhance", "architecture": "large", "alpha": 0.5, "disable_se": True}
    neck = {"name": "RSEFPN", "out_channels": 96, "shortcut": True, "origin": "paddleocr"}
    head = {"name": "DBHead", "k": 50, "bias": False, "adaptive": True}
    postprocess = {
        "name": "DBPostprocess", "box_type": "quad", "binary_thresh": 0.3, "box_thresh": 0.6, "expand_ratio": 1.5,
    }  # fmt: skip
    spec = {"type": "det", "transform": None, "backbone": backbone, "neck": neck, "head": head}
    return Settings(spec, photo_pipeline(), postprocess)


def _settings_of_recogniser(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "rec_lcnet", "scale": 0.5, "last_stride": [1, 2], "pooling": "mean"}
    return line_settings(backbone, {"name": "SVTRNeck", "dims": 64, "kernel_size": [3, 3]}, file, layers)


FAMILIES = (
    Family(
        "PP-OCRv3's mobile text detector",
        _detector,
        {0: (8, 3, 3, 3), 94: (96, 480, 1, 1)},
        _settings_of_detector,
        "ppocrv3_det_mobile",
        THRESHOLD_ABSENT,
    ),
    Family(
        "PP-OCRv3's mobile text recogniser",
        _recogniser,
        {0: (16, 3, 3, 3), 81: (None, 64)},
        _settings_of_recogniser,
        "ppocrv3_rec_mobile",
    ),
)
