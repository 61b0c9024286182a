"""The networks of PP-OCR before PP-OCRv2, whose files are numbered 2.0. PP-OCRv2 has the same mobile detector."""

from __future__ import annotations

from collections.abc import Sequence

from mindocr.models.converters.onnx_family import (
    THRESHOLD_ABSENT,
    Family,
    Settings,
    conv_norm,
    line_mobile_net,
    line_settings,
    photo_mobile_net,
    photo_settings,
    text_head,
)
from mindocr.models.converters.onnx_file import OnnxFile
from mindocr.models.converters.onnx_layers import Layer


def _pyramid() -> list[tuple[str, str]]:
    """DBFPN: the lateral layers, then the output layers, coarsest level first."""
    return [("conv", f"neck.{layers}.{level}") for layers in ("unify_channels", "out") for level in (3, 2, 1, 0)]


def _resnet18_vd() -> list[tuple[str, str]]:
    """The convolution of a shortcut comes behind those of its block."""
    layers = [layer for i in range(3) for layer in conv_norm(f"backbone.stem.{i}")]
    for stage in range(1, 5):
        for i in (0, 1):
            block = f"backbone.layer{stage}.{i}"
            layers += [(kind, f"{block}.{own}{n}") for n in (1, 2) for kind, own in (("conv", "conv"), ("norm", "bn"))]
            layers += [("conv", f"{block}.down_sample.0"), ("norm", f"{block}.down_sample.1")] if i == 0 else []
    return layers


def _mobile_detector() -> list[tuple[str, str]]:
    return [*photo_mobile_net(), *_pyramid(), *text_head()]


def _server_detector() -> list[tuple[str, str]]:
    return [*_resnet18_vd(), *_pyramid(), *text_head()]


def _recogniser() -> list[tuple[str, str]]:
    return [*line_mobile_net(), *[("lstm", "neck.seq_encoder")] * 2, ("linear", "head.fc")]


def _settings_of_mobile(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "det_mobilenet_v3_enhance", "architecture": "large", "alpha": 0.5, "disable_se": True}
    return photo_settings(backbone, {"name": "DBFPN", "out_channels": 96})


def _settings_of_server(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    return photo_settings({"name": "det_resnet18_vd"}, {"name": "DBFPN", "out_channels": 256})


def _settings_of_recogniser(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "rec_mobilenet_v3", "architecture": "small", "alpha": 0.5, "row_strides": [1, 2, 2, 2]}
    neck = {"name": "RNNEncoder", "hidden_size": 48, "num_layers": 2}
    return line_settings(backbone, neck, file, layers, height=32)


FAMILIES = (
    Family(
        "PP-OCR's and PP-OCRv2's mobile text detector",
        _mobile_detector,
        {0: (8, 3, 3, 3), 94: (96, 480, 1, 1), 98: (24, 96, 3, 3)},
        _settings_of_mobile,
        "ppocr_det_mobile",
        THRESHOLD_ABSENT,
    ),
    Family(
        "PP-OCR's server text detector",
        _server_detector,
        {0: (32, 3, 3, 3), 46: (256, 512, 1, 1), 50: (64, 256, 3, 3)},
        _settings_of_server,
        "ppocr_det_server",
        THRESHOLD_ABSENT,
    ),
    Family(
        "PP-OCR's mobile text recogniser",
        _recogniser,
        {0: (8, 3, 3, 3), len(_recogniser()) - 1: (None, 96)},
        _settings_of_recogniser,
    ),
)
