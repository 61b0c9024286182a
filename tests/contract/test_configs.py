"""Every YAML file below configs/ can be used."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mindocr.config import load_config
from mindocr.config.yaml_io import read_yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "configs").rglob("*.y*ml"))
LEAVES = [path for path in FILES if "_base" not in path.parts]
BASES = [path for path in FILES if "_base" in path.parts]


def test_there_are_files() -> None:
    assert len(LEAVES) >= 22
    assert len(BASES) >= 13


@pytest.mark.parametrize("path", LEAVES, ids=str)
def test_recipe_checks_clean(path: Path) -> None:
    config = load_config(ROOT / path)
    assert config.train.dataset["transform_pipeline"]


@pytest.mark.parametrize("path", LEAVES, ids=str)
def test_recipe_loads_at_once(path: Path) -> None:
    load_config(ROOT / path)  # the first load of all imports the parts
    for _ in range(3):  # Python may collect the garbage of earlier tests meanwhile
        started = time.process_time()
        load_config(ROOT / path)
        if time.process_time() - started < 0.3:
            return
    raise AssertionError("three loads took 0.3 s or more each")


@pytest.mark.parametrize("path", LEAVES, ids=str)
def test_recipe_is_a_short_leaf(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.startswith("# "), "the first line says what the recipe is"
    assert "base" in read_yaml(ROOT / path)
    assert len(text.splitlines()) <= 45


def bases_of(path: Path) -> set[Path]:
    named = read_yaml(path).get("base") or []
    direct = {(path.parent / name).resolve() for name in ([named] if isinstance(named, str) else named)}
    return direct.union(*(bases_of(base) for base in direct))


def test_every_base_file_is_used() -> None:
    used = set().union(*(bases_of(ROOT / path) for path in LEAVES))
    assert [str(path) for path in BASES if (ROOT / path).resolve() not in used] == []


@pytest.mark.parametrize("path", [path for path in LEAVES if path.stem.endswith("_8p")], ids=str)
def test_8p_names_tell_the_truth(path: Path) -> None:
    """`_8p` is a recipe for several devices of the same network and data as the file without it."""
    several, one = load_config(ROOT / path), load_config(ROOT / str(path).replace("_8p", ""))
    assert (several.system.distribute, one.system.distribute) == (True, False)
    assert (several.model, several.loss, several.train.dataset) == (one.model, one.loss, one.train.dataset)
