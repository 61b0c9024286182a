"""Writes ``golden/mindocr_sizes.json``: sizes to which MindOCR's DetResize brings images, and the scales it reports.

    python tests/data/transforms/make_mindocr_sizes.py

It needs an environment with MindOCR 0.5.0, MindSpore and OpenCV; nothing of this project is imported. Only MindOCR's
modules of transforms are loaded, so the requirements of its other packages need not be installed.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import sys
import types
from pathlib import Path

import numpy as np

IMAGES = [[720, 1280], [480, 640], [600, 800], [500, 700], [723, 1063], [736, 1090], [736, 1100], [300, 1000],
          [1000, 300], [1080, 1920], [97, 33], [1066, 1600], [1365, 2048], [853, 1280], [427, 640], [2592, 1944],
          [300, 346], [300, 633], [500, 1033], [507, 1047]]  # fmt: skip
SETTINGS = {
    "min": {"limit_type": "min", "limit_side_len": 736},
    "max": {"limit_type": "max", "limit_side_len": 960},
    "none": {"limit_type": "none"},
    "fixed": {"target_size": [736, 1280], "keep_ratio": False, "limit_type": "none"},
    "ratio": {"target_size": [736, 1280], "keep_ratio": True, "limit_type": "none"},
    "padded": {"target_size": [1152, 2048], "keep_ratio": True, "padding": True},
    "padded, not divisible": {"target_size": [800, 800], "keep_ratio": True, "padding": True, "force_divisable": False},
}


def load_op():
    """MindOCR's ``DetResize``, without running the ``__init__`` of its packages."""
    root = Path(next(iter(importlib.util.find_spec("mindocr").submodule_search_locations)))
    for name in ("mindocr", "mindocr.data", "mindocr.data.transforms", "mindocr.utils"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    return importlib.import_module("mindocr.data.transforms.det_transforms").DetResize


def main() -> None:
    resize = load_op()
    found: dict[str, list] = {}
    for name, settings in SETTINGS.items():
        found[name] = []
        for h, w in IMAGES:
            sample = {"image": np.zeros((h, w, 3), np.uint8), "polys": np.zeros((0, 4, 2), np.float32)}
            sample = resize(**settings)(sample)
            ratios = [float(f"{ratio:.7g}") for ratio in sample["shape_list"][2:]]
            found[name].append([list(sample["image"].shape[:2]), ratios])
    lines = [f'  "mindocr": "{importlib.metadata.version("mindocr")}"', f'  "images": {json.dumps(IMAGES)}']
    for key, values in (("settings", SETTINGS), ("sizes_and_ratios", found)):
        inner = ",\n".join(f'    "{name}": {json.dumps(value)}' for name, value in values.items())
        lines.append(f'  "{key}": {{\n{inner}\n  }}')
    target = Path(__file__).parent / "golden" / "mindocr_sizes.json"
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
