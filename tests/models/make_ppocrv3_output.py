"""Writes golden/dbnet_ppocrv3_output.npz: what MindOCR's network computes from random weights and a random input.

    python tests/models/make_ppocrv3_output.py FOLDER_THAT_HOLDS_MINDOCR_0.5.0

Only the modules of the three parts are imported, since MindOCR as a whole needs more packages. MindSpore has to be
installed; the folder must not be on the path otherwise.
"""

from __future__ import annotations

import importlib
import json
import sys
import types
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parent / "golden"
OUTPUT = GOLDEN / "dbnet_ppocrv3_output.npz"
PACKAGES = ("", ".data", ".utils", ".models", ".models.utils", ".models.necks", ".models.heads", ".models.backbones",
            ".models.backbones.mindcv_models")  # fmt: skip


def draw_weights() -> dict[str, np.ndarray]:
    """Parameter name -> float32 values of a size that keeps every gate of the network from saturating."""
    rng = np.random.default_rng(20)
    weights = {}
    for name, shape in json.loads((GOLDEN / "dbnet_ppocrv3.json").read_text(encoding="utf-8")).items():
        kind = name.rsplit(".", 1)[1]
        if kind in ("moving_variance", "gamma"):
            values = rng.uniform(0.5, 1.5, shape)
        elif kind == "weight":
            values = rng.standard_normal(shape) * np.sqrt((0.1 if "se_block" in name else 1) / np.prod(shape[1:]))
        else:
            values = rng.standard_normal(shape) * 0.2
        weights[name] = values.astype(np.float32)
    return weights


def draw_input() -> np.ndarray:
    """(1, 3, 64, 96) float32."""
    return np.random.default_rng(21).standard_normal((1, 3, 64, 96)).astype(np.float32)


def main(folder: str) -> None:
    for name in PACKAGES:
        package = types.ModuleType(f"mindocr{name}")
        package.__path__ = [str(Path(folder, "mindocr", *name.split(".")))]
        sys.modules[package.__name__] = package
    import mindspore as ms

    backbone = importlib.import_module("mindocr.models.backbones.det_mobilenet").det_mobilenet_v3_enhance(
        architecture="large", alpha=0.5, disable_se=True, pretrained=False
    )
    neck = importlib.import_module("mindocr.models.necks.fpn").RSEFPN(backbone.out_channels, 96, shortcut=True)
    head = importlib.import_module("mindocr.models.heads.det_db_head").DBHeadEnhance(96, k=50, bias=False)
    weights = draw_weights()
    for prefix, part in (("backbone", backbone), ("neck", neck), ("head", head)):
        for name, parameter in part.parameters_and_names():
            parameter.set_data(ms.Tensor(weights[f"{prefix}.{name}"]))
        part.set_train(False)
    np.savez_compressed(OUTPUT, y=head(neck(backbone(ms.Tensor(draw_input())))).asnumpy())


if __name__ == "__main__":
    main(sys.argv[1])
