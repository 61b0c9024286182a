"""The documents tell the truth: links lead somewhere, tables agree with the files, translations with the originals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs_pages import NAMES, PAGES, ROOT, blocks, recipe_of

from mindocr.config import load_config
from mindocr.formats.label_file import parse_label_line

TRANSLATED = [page for page in PAGES if page.stem.endswith("_CN")]


@pytest.mark.parametrize("page", PAGES, ids=NAMES.get)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    broken = [
        target
        for target in targets
        if not target.startswith(("https://", "http://")) and not (page.parent / target.split("#")[0]).exists()
    ]
    assert broken == []


def test_the_recipe_for_a_users_own_folder_is_one_and_the_same() -> None:
    pages = [ROOT / "README.md", ROOT / "README_CN.md", ROOT / "docs/train_on_your_own_data.md"]
    assert len({recipe_of(page) for page in pages}) == 1


def test_label_lines_in_the_documents_can_be_read() -> None:
    lines = {line for page in PAGES for _, text in blocks(page, "text") for line in text.splitlines() if "\t" in line}
    assert len(lines) >= 3
    for line in lines:
        parse_label_line(line, "documents", 1)


def test_quoted_error_messages_are_the_codes() -> None:
    page = (ROOT / "docs/train_on_your_own_data.md").read_text(encoding="utf-8")
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "mindocr").rglob("*.py")))
    joined = re.sub(r'"\s*\n\s*f?"', "", sources)
    table = re.findall(r"^\|(.+?)\|", page.split("common errors")[1], re.M)
    pieces = [piece for cell in table for quoted in re.findall("`(.+?)`", cell) for piece in quoted.split(" ... ")]
    assert len(pieces) > 10
    assert [piece for piece in pieces if piece not in joined] == []


@pytest.mark.parametrize("page", TRANSLATED, ids=NAMES.get)
def test_translations_have_the_same_structure(page: Path) -> None:
    original = page.with_name(page.name.replace("_CN", ""))
    shape = []
    for document in (original, page):
        text = document.read_text(encoding="utf-8")
        prose = re.sub(r"```.*?```", "", text, flags=re.S)
        shape.append({
            "headings": [len(marks) for marks in re.findall(r"^(#+) ", prose, re.M)],
            "code": re.findall(r"^```(.*?)^```$", text, re.M | re.S),
            "rows": len(re.findall(r"^\|", prose, re.M)),
            "items": len(re.findall(r"^- ", prose, re.M)),
        })  # fmt: skip
    assert shape[0] == shape[1]


RECIPES = ROOT / "configs/det/dbnet"


def rows(page: Path) -> list[list[str]]:
    """Cells of every table row that begins with the name of a YAML file."""
    lines = page.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [[re.sub(r"^\[(.+?)\]\(.+\)$", r"\1", row[0]), *row[1:]] for row in cells if ".yaml" in row[0]]


@pytest.mark.parametrize("page", sorted(RECIPES.glob("README*.md")), ids=NAMES.get)
def test_recipe_tables_list_exactly_the_recipes(page: Path) -> None:
    names = sorted(path.name for path in RECIPES.glob("*.yaml"))
    listed = rows(page)
    facts, launches = [row for row in listed if len(row) > 2], [row for row in listed if len(row) == 2]
    assert [row[0] for row in facts] == names
    assert [row[0] for row in launches] == names
    for name, command in launches:
        assert f"python tools/train.py -c configs/det/dbnet/{name}`" in command
        config = load_config(RECIPES / name)
        cards = re.search(r"--worker_num=(\d+) --local_worker_num=\1 ", command)
        assert (cards is not None) == config.system.distribute
        setting = next(row[3] for row in facts if row[0] == name)
        assert setting == f"{cards[1] if cards else 1} x {config.train.loader.batch_size}"


def test_both_recipe_tables_hold_the_same_numbers() -> None:
    without_words = []
    for page in ("README.md", "README_CN.md"):
        facts = [row for row in rows(RECIPES / page) if len(row) > 2]
        without_words.append([(row[0], [c for c in row[3:] if re.fullmatch(r"[\d. x-]+", c)]) for row in facts])
    assert without_words[0] == without_words[1]
    assert all(len(cells) == 4 for _, cells in without_words[0])


def test_published_numbers_are_mindocrs(shared_dir: Path) -> None:
    """The scores in the table are those that MindOCR published for the recipe of that name."""
    text = (shared_dir / "specs/product.md").read_text(encoding="utf-8")
    published = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 11 and re.fullmatch(r"db\w+", cells[10]):
            published[f"{cells[10]}.yaml"] = cells[7:10]
    ours = {row[0]: row[5:8] for row in rows(RECIPES / "README.md") if len(row) > 2 and row[5] != "-"}
    assert len(ours) >= 6
    assert ours == {name: published[name] for name in ours}
