"""The pages on PP-OCR's networks: every recipe with its parameters, and the same numbers in both languages."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from docs_pages import ROOT

from mindocr.config import load_config
from mindocr.models.builder import build_model

FOLDERS = [ROOT / f"configs/{task}/ppocr" for task in ("det", "rec", "cls")]
GOLDEN = ROOT / "tests/models/golden"
LISTS = {  # recipe -> list of shapes, where the names differ
    "ppocrv3_det_mobile": "dbnet_ppocrv3",
    "ppocrv2_rec_mobile_train": "ppocrv2_rec_mobile",
    "ppocrv2_rec_mobile_ectc": "ppocrv2_rec_mobile",
    "ppocrv3_rec_mobile_train": "ppocrv3_rec_mobile",
    "ppocrv4_rec_mobile_train": "ppocrv4_rec_mobile",
    "ppocrv6_rec_small_train": "ppocrv6_rec_small",
    "ppocr_cls_mobile_synthetic": "ppocr_cls_mobile",
}
BUILT = (  # recipes without such a list
    "ppocr_det_mobile", "ppocr_det_server", "ppocrv3_det_teacher", "ppocrv2_det_cml", "ppocrv3_det_dml",
    "ppocrv3_det_cml", "ppocrv4_det_cml", "ppocrv6_det_small_scratch", "ppocr_det_synthetic",
    "ppocr_det_cml_synthetic", "ppocrv2_rec_udml", "ppocrv3_rec_udml",
)  # fmt: skip
TRAINING_ONLY = ("head.thresh.", "head.auxiliary_")


def rows(page: Path) -> list[list[str]]:
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def numbers(page: Path) -> list[str]:
    return re.findall(r"(?<![\w.])\d[\d,.]*\d", " ".join(cell for row in rows(page) for cell in row))


def parameters(folder: Path) -> dict[str, str]:
    """Recipe -> last cell of its row."""
    found = ((re.match(r"\[(\w+)\.yaml\]", row[0]), row[-1]) for row in rows(folder / "README.md"))
    return {match[1]: cell for match, cell in found if match}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_recipe_is_listed_with_its_parameters(folder: Path) -> None:
    listed = parameters(folder)
    assert sorted(listed) == sorted(path.stem for path in folder.glob("*.yaml"))
    for name in listed.keys() - set(BUILT):
        shapes = json.loads((GOLDEN / f"{LISTS.get(name, name)}.json").read_text(encoding="utf-8"))
        assert listed[name] == total(shapes), name


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT)
def test_parameters_of_recipes_without_a_list_of_shapes(name: str) -> None:
    network = build_model(load_config(name, command="train").model.model_dump(), pretrained=False)
    shapes = {each.name: list(each.shape) for each in network.get_parameters()}
    listed = {**parameters(FOLDERS[0]), **parameters(FOLDERS[1])}
    assert listed[name] == total(shapes)


def total(shapes: dict[str, list[int]]) -> str:
    """Number of weights that prediction needs, as the pages write it."""
    return f"{sum(math.prod(shape) for key, shape in shapes.items() if not key.startswith(TRAINING_ONLY)):,}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_both_languages_have_the_same_numbers(folder: Path) -> None:
    assert numbers(folder / "README.md") == numbers(folder / "README_CN.md") != []
