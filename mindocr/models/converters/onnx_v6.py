"""The released small networks of PP-OCRv6. Their files hold the fused form of most layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mindocr.models.converters.onnx_family import (
    AUXILIARY_ABSENT,
    THRESHOLD_ABSENT,
    Family,
    Settings,
    attention,
    line_settings,
    photo_pipeline,
)
from mindocr.models.converters.onnx_file import OnnxFile
from mindocr.models.converters.onnx_layers import Layer


def _backbone(stages: Mapping[int, tuple[bool, ...]]) -> list[tuple[str, str]]:
    """Layers of PPLCNetV4; for each block of each stage whether it has squeeze-and-excitation."""
    layers = [("conv", f"backbone.stem.conv{n}.conv") for n in range(1, 6)]
    for stage, blocks in stages.items():
        for i, excited in enumerate(blocks):
            excite = ("se.conv1", "se.conv2") if excited else ()
            parts = ("mixer.conv", *excite, "expand.conv", "compress.conv")
            layers += [("conv", f"backbone.stages.{stage}.{i}.{part}") for part in parts]
    return layers


def _detector() -> list[tuple[str, str]]:
    two = (False, True, False)  # the first block halves the map
    layers = _backbone({0: (True, False), 1: two, 2: (False, True, False, True, False), 3: two})
    excite = ("in_conv", "se_block.conv1", "se_block.conv2")
    layers += [("conv", f"neck.ins_conv.{level}.{part}") for level in (3, 2, 1, 0) for part in excite]
    for level in (3, 2, 1, 0):
        parts = (f"large.{level}.conv", *(f"inp_conv.{level}.{part}" for part in excite))
        layers += [("conv", f"neck.{part}") for part in parts]
    return [*layers, ("conv", "head.segm.0"), ("deconv", "head.segm.3"), ("deconv", "head.segm.6")]


def _recogniser() -> list[tuple[str, str]]:
    long = (False, True, False, True, False, True, False)
    layers = _backbone({0: (True, False, False), 1: long, 2: (False, True, False)})
    for part in ("skip", "reduce", "local"):
        layers += [("conv", f"neck.{part}.conv"), ("norm", f"neck.{part}.bn")]
    return [*layers, *attention(2), ("linear", "head.fc")]


def _settings_of_detector(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "pplcnet_v4", "form": "det", "fused": True}
    neck = {"name": "RepLKFPN", "out_channels": 96, "fused": True, "auxiliary": True}
    head = {"name": "DBAuxiliaryHead", "k": 50, "fused": True}
    spec = {"type": "det", "transform": None, "backbone": backbone, "neck": neck, "head": head}
    postprocess = {
        "name": "DBPostprocess", "box_type": "quad", "binary_thresh": 0.2, "box_thresh": 0.45, "expand_ratio": 1.4,
        "max_candidates": 3000,
    }  # fmt: skip
    return Settings(spec, photo_pipeline(), postprocess)


def _settings_of_recogniser(file: OnnxFile, layers: Sequence[Layer]) -> Settings:
    backbone = {"name": "pplcnet_v4", "form": "rec", "fused": True}
    return line_settings(backbone, {"name": "LightSVTRNeck", "hidden": 120}, file, layers)


FAMILIES = (
    Family(
        "PP-OCRv6's small text detector",
        _detector,
        {0: (24, 3, 3, 3), 66: (96, 1, 7, 7)},
        _settings_of_detector,
        "ppocrv6_det_small",
        {**THRESHOLD_ABSENT, **AUXILIARY_ABSENT},
    ),
    Family(
        "PP-OCRv6's small text recogniser",
        _recogniser,
        {0: (48, 3, 3, 3), 73: (None, 120)},
        _settings_of_recogniser,
        "ppocrv6_rec_small",
    ),
)
