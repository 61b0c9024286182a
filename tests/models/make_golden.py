"""Writes the golden lists of parameter names and shapes that the tests of the networks read.

Run it only when names are meant to change; every published checkpoint of the model then needs renaming on load.
"""

from __future__ import annotations

import json
from pathlib import Path

import ppocrv4
from ppocrv2 import SECTIONS as PPOCRV2
from ppocrv6 import detector, recogniser

from mindocr.models import build_model, model_names
from mindocr.registry import BACKBONES

GOLDEN = Path(__file__).parent / "golden"
SECTIONS = {
    "ppocrv4_det_mobile": ppocrv4.detector(fused=True),
    "ppocrv4_rec_mobile": ppocrv4.recogniser(fused=True),
    **PPOCRV2,
    "ppocrv6_det_small": detector(fused=True),
    "ppocrv6_det_small_training": detector(fused=False),
    "ppocrv6_rec_small": recogniser(fused=True),
}
CELLS = {"ppocrv4_det_backbone_training": {"name": "pplcnet_v3"}}


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    sections = {**{name: name for name in model_names()}, **SECTIONS}
    built = {name: build_model(section, pretrained=False) for name, section in sections.items()}
    for name, cell in {**built, **{name: BACKBONES.build(part) for name, part in CELLS.items()}}.items():
        shapes = {parameter.name: list(parameter.shape) for parameter in cell.get_parameters()}
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(shape)}" for key, shape in shapes.items())
        (GOLDEN / f"{name}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
