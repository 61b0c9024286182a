"""Writes the golden lists of parameter names and shapes that the tests of the networks read.

Run it only when names are meant to change; every published checkpoint of the model then needs renaming on load.
"""

from __future__ import annotations

import json
from pathlib import Path

from ppocrv2 import SECTIONS as PPOCRV2
from ppocrv6 import detector, recogniser

from mindocr.models import build_model, model_names

GOLDEN = Path(__file__).parent / "golden"
SECTIONS = {
    **PPOCRV2,
    "ppocrv6_det_small": detector(fused=True),
    "ppocrv6_det_small_training": detector(fused=False),
    "ppocrv6_rec_small": recogniser(fused=True),
}


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, section in {**{name: name for name in model_names()}, **SECTIONS}.items():
        network = build_model(section, pretrained=False)
        shapes = {parameter.name: list(parameter.shape) for parameter in network.get_parameters()}
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(shape)}" for key, shape in shapes.items())
        (GOLDEN / f"{name}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
