"""``mindocr recipes``."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from mindocr.config.recipes import FOLDER, recipe_files, recipe_folder, recipe_name
from mindocr.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the argument: the folder to copy the recipes to."""
    parser.epilog = (
        "Commands accept a recipe by its name, as in 'mindocr train -c db_r18_icdar15', or by its path in the list. "
        "Change keys with -o, or copy the recipes and edit them."
    )
    parser.add_argument("--copy", type=Path, metavar="DIR", help=f"copy all of them to DIR/{FOLDER}")


def run(args: argparse.Namespace) -> None:
    """List the recipes with their first comment line, or copy them.

    Raises:
        ConfigError: the target of the copy exists already.
    """
    if args.copy is None:
        names = {recipe_name(file): _title(file) for file in recipe_files()}
        width = max(map(len, names), default=0)
        print("\n".join(f"{name:<{width}}  {title}" for name, title in names.items()))
        return
    target = args.copy / FOLDER
    if target.exists():
        raise ConfigError(f"--copy: '{target}' exists already; choose another folder")
    shutil.copytree(recipe_folder(), target, ignore=_not_yaml)
    print(f"{sum(1 for _ in target.rglob('*.yaml'))} files copied to {target}")


def _title(file: Path) -> str:
    """The comment in the first line of a recipe."""
    first = file.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def _not_yaml(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".yaml") and not Path(folder, name).is_dir()]
