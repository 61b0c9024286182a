"""The released recogniser of PP-OCRv2 and the direction classifier of PP-OCR."""

from __future__ import annotations

from collections.abc import Sequence

from mindocr.models.converters.onnx_family import (
    Family,
    Settings,
    lcnet,
    line_mobile_net,
    line_pipeline,
    line_settings,
)
from mindocr.models.converters.onnx_file import OnnxFile
from mindocr.models.converters.onnx_layers import Layer


def _recogniser() -> list[tuple[str, str]]:
    layers = [*lcnet(), *[("lstm", "neck.seq_encoder")] * 2]
    return [*layers, ("linear", "head.fc1"), ("linear", "head.fc")]


def _classifier() -> list[tuple[str, str]]:
    return [*line_mobile_net(), ("linear", "head.fc")]


def _settings_of_recogniser(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "rec_lcnet", "scale": 0.5, "last_stride": [1, 1], "pooling": "max"}
    neck = {"name": "RNNEncoder", "hidden_size": 64, "num_layers": 2}
    return line_settings(backbone, neck, file, layers, height=32, mid_channels=96)


def _settings_of_classifier(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "rec_mobilenet_v3", "architecture": "small", "alpha": 0.35, "row_strides": [2, 2, 2, 2]}
    head = {"name": "ClsHead", "num_classes": 2}
    spec = {"type": "cls", "transform": None, "backbone": backbone, "neck": None, "head": head}
    pipeline = line_pipeline(48, min_width=192, max_width=192)
    return Settings(spec, pipeline, {"name": "ClsPostprocess", "label_list": ["0", "180"]})


FAMILIES = (
    Family(
        "PP-OCRv2's mobile text recogniser",
        _recogniser,
        {0: (16, 3, 3, 3), 60: (96, 128), 61: (None, 96)},
        _settings_of_recogniser,
        "ppocrv2_rec_mobile",
    ),
    Family(
        "PP-OCR's direction classifier",
        _classifier,
        {0: (8, 3, 3, 3), 88: (2, 200)},
        _settings_of_classifier,
        "ppocr_cls_mobile",
    ),
)
