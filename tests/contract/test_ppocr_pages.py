"""The pages on PP-OCR's networks: every recipe with its parameters, and the same numbers in both languages."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from docs_pages import ROOT

FOLDERS = [ROOT / "configs/det/ppocr", ROOT / "configs/rec/ppocr"]
GOLDEN = ROOT / "tests/models/golden"
LISTS = {"ppocrv3_det_mobile": "dbnet_ppocrv3"}  # recipe -> list of shapes, where the names differ
TRAINING_ONLY = "head.thresh."


def rows(page: Path) -> list[list[str]]:
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def numbers(page: Path) -> list[str]:
    return re.findall(r"(?<![\w.])\d[\d,.]*\d", " ".join(cell for row in rows(page) for cell in row))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_recipe_is_listed_with_its_parameters(folder: Path) -> None:
    listed = {match[1]: row for row in rows(folder / "README.md") if (match := re.match(r"\[(\w+)\.yaml\]", row[0]))}
    assert sorted(listed) == sorted(path.stem for path in folder.glob("*.yaml"))
    for name, row in listed.items():
        shapes = json.loads((GOLDEN / f"{LISTS.get(name, name)}.json").read_text(encoding="utf-8"))
        count = sum(math.prod(shape) for key, shape in shapes.items() if not key.startswith(TRAINING_ONLY))
        assert row[-1] == f"{count:,}", name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_both_languages_have_the_same_numbers(folder: Path) -> None:
    assert numbers(folder / "README.md") == numbers(folder / "README_CN.md") != []
