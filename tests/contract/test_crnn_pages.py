"""The pages on CRNN list every recipe with the parameters of its network."""

from __future__ import annotations

import json
import math
import re

import pytest
from docs_pages import ROOT

from mindocr.config import load_config

FOLDER = ROOT / "configs/rec/crnn"
GOLDEN = ROOT / "tests/models/golden"
CLASSES = 6625  # of the golden list of crnn_mobilenetv3


@pytest.mark.parametrize("page", ["README.md", "README_CN.md"])
def test_every_recipe_is_listed_with_its_parameters(page: str) -> None:
    text = (FOLDER / page).read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| \[(\w+)\.yaml\].+ ([\d,]+) \|$", text, re.M))
    assert set(listed) == {path.stem for path in FOLDER.glob("*.yaml")}
    for name, parameters in listed.items():
        golden = "crnn_small" if "small" in name else "crnn_mobilenetv3"
        shapes = json.loads((GOLDEN / f"{golden}.json").read_text(encoding="utf-8"))
        classes = load_config(FOLDER / f"{name}.yaml").model.head["out_channels"]
        counted = sum(
            math.prod(classes if side == CLASSES else side for side in shape) for shape in shapes.values()
        )  # the last layer alone depends on the number of classes
        assert int(parameters.replace(",", "")) == counted, name
