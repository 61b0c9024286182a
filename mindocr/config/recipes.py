"""The recipes that ship with the package: where they are, and how a name that is not a file is resolved.

A wheel holds them as ``mindocr/configs``; in a checkout they are in the folder ``configs`` beside the package.
"""

from __future__ import annotations

import logging
from pathlib import Path, PurePath

from mindocr.utils.files import exists

logger = logging.getLogger(__name__)

FOLDER = "configs"
_PACKAGE = Path(__file__).resolve().parents[1]


def recipe_folder() -> Path:
    """The folder with the recipes and the base files that they share."""
    installed = _PACKAGE / FOLDER
    return installed if installed.is_dir() else _PACKAGE.parent / FOLDER


def recipe_files() -> list[Path]:
    """Every recipe, sorted; base files, in folders such as ``_base``, are left out."""
    folder = recipe_folder()
    files = sorted(folder.rglob("*.yaml"))
    return [file for file in files if not any(part.startswith("_") for part in file.relative_to(folder).parts)]


def recipe_name(file: Path) -> str:
    """The name by which commands accept a recipe, such as ``configs/det/dbnet/db_r18_icdar15.yaml``."""
    return (FOLDER / file.relative_to(recipe_folder())).as_posix()


def find_config(path: str | Path, name: str | Path | None = None, *, quiet: bool = False) -> Path:
    """Return ``path`` if the file exists, else the recipe of that name, which is then named in the log.

    Args:
        path: path of a YAML file.
        name: the name as written in ``base:``, if ``path`` is that name joined to the folder of the file. A relative
            name means a recipe if it ends in ``configs/...``, or if it is just the file name of a recipe, with or
            without ``.yaml``.
        quiet: do not log the recipe; for a path that was found before.

    Returns:
        The file that was found; ``path`` unchanged if none was.
    """
    path = Path(path)
    found = None if exists(path) else _shipped(PurePath(path if name is None else name))
    if found is None:
        return path
    if not quiet:
        logger.warning("%s: no such file; using the recipe of this name that ships with mindocr: %s", path, found)
    return found


def _shipped(name: PurePath) -> Path | None:
    if name.is_absolute():
        return None
    if FOLDER in name.parts:
        start = len(name.parts) - name.parts[::-1].index(FOLDER)
        inside = PurePath(*name.parts[start:])
        file = recipe_folder() / inside
        return file if ".." not in inside.parts and exists(file) and file.is_file() else None
    fitting = [file for file in recipe_files() if str(name) in (file.name, file.stem)]
    return fitting[0] if len(fitting) == 1 else None
