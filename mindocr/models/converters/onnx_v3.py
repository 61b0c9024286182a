"""The released networks of PP-OCRv3."""

from __future__ import annotations

from collections.abc import Sequence

from mindocr.models.converters.onnx_family import (
    THRESHOLD_ABSENT,
    Family,
    Settings,
    excited_pyramid,
    lcnet,
    line_settings,
    mobile_settings,
    photo_mobile_net,
    svtr_neck,
    text_head,
)
from mindocr.models.converters.onnx_file import OnnxFile
from mindocr.models.converters.onnx_layers import Layer


def _detector() -> list[tuple[str, str]]:
    return [*photo_mobile_net(), *excited_pyramid(), *text_head()]


def _recogniser() -> list[tuple[str, str]]:
    return [*lcnet(), *svtr_neck()]


def _settings_of_detector(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "det_mobilenet_v3_enhance", "architecture": "large", "alpha": 0.5, "disable_se": True}
    return mobile_settings(backbone)


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
