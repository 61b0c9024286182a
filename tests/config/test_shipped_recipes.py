"""Recipes that ship with the package are found if a path is not a file."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mindocr.config import load_config
from mindocr.config.recipes import find_config, recipe_files, recipe_folder, recipe_name
from mindocr.errors import ConfigError

RECIPE = "configs/det/dbnet/db_r18_icdar15.yaml"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_recipes_are_all_there_and_shared_files_are_none(repo_root: Path) -> None:
    assert recipe_folder() == repo_root / "configs"
    names = [recipe_name(file) for file in recipe_files()]
    assert RECIPE in names and len(names) == len(list(repo_root.glob("configs/*/[!_]*/*.yaml"))) > 20


@pytest.mark.parametrize("name", [RECIPE, f"./{RECIPE}", f"../{RECIPE}", "db_r18_icdar15.yaml", "db_r18_icdar15"])
def test_names_of_a_recipe(name: str, repo_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert find_config(name) == repo_root / RECIPE
    line = f"{Path(name)}: no such file; using the recipe of this name that ships with mindocr: {repo_root / RECIPE}"
    assert caplog.record_tuples == [("mindocr.config.recipes", logging.WARNING, line)]


@pytest.mark.parametrize(
    "name",
    ["db_r18", "r18_icdar15.yaml", "det/dbnet/db_r18_icdar15.yaml", "configs", "configs/../pyproject.toml",
     "dbnet.yaml", "dbnet/README.md", f"/nowhere/{RECIPE}"],
)  # fmt: skip
def test_other_names_stay_as_they_are(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert find_config(name) == Path(name)
    assert caplog.text == ""


def test_the_users_own_file_comes_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    own = tmp_path / RECIPE
    own.parent.mkdir(parents=True)
    own.write_text("system: {seed: many}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"^{RECIPE}: .* problem"):
        load_config(RECIPE)
    assert caplog.text == ""


def test_a_recipe_is_loaded_by_name(repo_root: Path) -> None:
    assert load_config("db_r18_icdar15", ["system.seed=7"]) == load_config(repo_root / RECIPE, ["system.seed=7"])


def test_a_mistake_in_an_override_names_the_file_that_was_taken(repo_root: Path) -> None:
    with pytest.raises(ConfigError, match=f"^{repo_root / RECIPE}: 1 problem"):
        load_config("db_r18_icdar15", ["system.sed=7"])


def test_a_users_recipe_builds_on_shared_files(tmp_path: Path, repo_root: Path) -> None:
    """As in the README, which starts from a checkout; here there is none."""
    mine = tmp_path / "my_text/recipe.yaml"
    mine.parent.mkdir()
    mine.write_text(f"base: ../{RECIPE}\nsystem: {{seed: 3}}\n", encoding="utf-8")
    assert load_config(mine) == load_config(repo_root / RECIPE, ["system.seed=3"])


def test_a_base_that_is_nowhere(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("base: configs/det/dbnet/none.yaml\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine\.yaml: base: no such file '.*none\.yaml'"):
        load_config(mine)
