"""The pages on the recipes: published figures are MindOCR's, ours are ours, and commands make what recipes read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from docs_pages import NAMES, ROOT

from mindocr.config import load_config
from mindocr.formats import datasets

RECIPES = ROOT / "configs/det/dbnet"
PAGES = [RECIPES / "README.md", RECIPES / "README_CN.md"]
DATA_SETS = sorted((ROOT / "docs/datasets").glob("*.md"))
CONVERT = re.compile(r"`(python tools/dataset_converters/convert\.py .+?)`")
ELSEWHERE = ("db_mobilenetv3_ppocrv3", "db_r18_synthetic")  # the user's own data; pictures of the generator


def tables(page: Path) -> dict[int, list[list[str]]]:
    """Rows of the tables whose first cell begins with a recipe's name, by number of cells; links become their text."""
    found: dict[int, list[list[str]]] = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and re.match(r"\[?db", cells[0]):
            found.setdefault(len(cells), []).append([re.sub(r"^\[(.+?)\]\(.+\)$", r"\1", cells[0]), *cells[1:]])
    return found


@pytest.fixture(scope="module")
def product(shared_dir: Path) -> str:
    return (shared_dir / "specs/product.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def published(product: str) -> dict[str, list[str]]:
    """Recipe -> cells of its row in the reference table."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in product.splitlines()]
    return {row[10]: row for row in rows if len(row) == 11 and re.fullmatch(r"db\w+", row[10])}


@pytest.mark.parametrize("page", PAGES, ids=NAMES.get)
def test_published_figures_are_mindocrs(page: Path, product: str, published: dict[str, list[str]]) -> None:
    found = tables(page)
    scores = {row[0].removesuffix(".yaml"): row[5:8] for row in found[9]}
    assert {name: row for name, row in scores.items() if row != ["-"] * 3} == {
        name: [cell or "-" for cell in row[7:10]] for name, row in published.items() if "loss" not in row[9]
    }
    assert {row[0]: row[1:] for row in found[4]} == {name: row[4:7] for name, row in published.items()}
    text = page.read_text(encoding="utf-8")
    losses = [row[9].removeprefix("loss ") for row in published.values() if "loss" in row[9]]
    assert all(f" {loss}" in text for loss in losses) and len(losses) == 2
    later = product.split("On Ascend 910*:")[1].split("The published MindIR")[0]
    starred = [row for row in found[6] if not row[0].startswith("db_r18_synthetic")]
    assert len(starred) == 4
    assert sorted(cell for row in starred for cell in row[1:] if cell != "-") == sorted(re.findall(r"\d+\.\d+", later))


@pytest.mark.parametrize("page", PAGES, ids=NAMES.get)
def test_released_weights_are_all_there(page: Path, product: str) -> None:
    linked = dict(re.findall(r"^\| \[(\w+)\.yaml\].+\(https://download\.mindspore\.cn/\S+/(\S+?)\) \|$",
                             page.read_text(encoding="utf-8"), re.M))  # fmt: skip
    listed = product.split("Released weights")[1].split("\n\n")[0]
    released = set(re.findall(r"dbnet\w*-\w{8}(?=\.ckpt)", listed))
    for stem, data in re.findall(r"(dbnet_resnet\d+_)\{(.+?)\}", listed):
        released |= {stem + name.strip() for name in data.split(",")}
    assert len(released) == 16
    assert {f"{name}.ckpt" for name in released} == set(linked.values())
    assert all(name.split("_")[2] in file or "icdar15" in name for name, file in linked.items())


def test_our_own_figures_are_those_of_the_readme() -> None:
    (claim,) = re.findall(r"recall (0\.\d+), precision (0\.\d+), f-score (0\.\d+)", (ROOT / "README.md").read_text())
    for page in PAGES:
        (row,) = [row for row in tables(page)[6] if row[0].startswith("db_r18_synthetic")]
        assert [float(cell) for cell in row[3:]] == [pytest.approx(100 * float(score)) for score in claim]


def arguments(command: str) -> dict[str, str]:
    words = shlex.split(command)[2:]
    return dict(zip(words[::2], words[1::2]))


def documented(page: Path) -> list[str]:
    return CONVERT.findall(page.read_text(encoding="utf-8"))


def without_part(command: str) -> str:
    """The command without the part of the data set."""
    return re.sub(r"(?<![a-z])(train|test|validation|val)(?![a-z])", "PART", command)


@pytest.mark.parametrize("page", PAGES, ids=NAMES.get)
def test_commands_are_those_of_the_pages_on_data_sets(page: Path) -> None:
    """They are run where those pages are tested."""
    commands = documented(page)
    assert len(commands) == 13
    known = {without_part(command) for source in DATA_SETS for command in documented(source)}
    assert [command for command in commands if without_part(command) not in known] == []


def test_commands_make_the_files_that_recipes_read() -> None:
    commands = [arguments(command) for page in (PAGES[0], *DATA_SETS) for command in documented(page)]
    assert {command["--dataset_name"] for command in commands} <= set(datasets.names())
    made = {(command["--image_dir"], command["--output_path"]) for command in commands}
    read = set()
    for path in sorted(RECIPES.glob("*.yaml")):
        config = load_config(path)
        for section in (config.train, config.eval):
            if section is not None and path.stem not in ELSEWHERE:
                folders, files = section.dataset["data_dir"], section.dataset["label_file"]
                read |= set(zip(folders, files)) if isinstance(folders, list) else {(folders, files)}
    assert len(read) > 20
    assert read <= made
