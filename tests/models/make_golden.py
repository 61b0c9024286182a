"""Writes the golden lists of parameter names and shapes that test_models_names.py reads.

Run it only when names are meant to change; every published checkpoint of the model then needs renaming on load.
"""

from __future__ import annotations

import json
from pathlib import Path

from mindocr.models import build_model, model_names

GOLDEN = Path(__file__).parent / "golden"


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name in model_names():
        shapes = {parameter.name: list(parameter.shape) for parameter in build_model(name).get_parameters()}
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(shape)}" for key, shape in shapes.items())
        (GOLDEN / f"{name}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
