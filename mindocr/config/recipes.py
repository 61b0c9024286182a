"""The recipes that come with the package: where they are, and what a name that is no file stands for.

A wheel holds them as ``mindocr/configs``; in a checkout they are the folder ``configs`` beside the package.
"""

from __future__ import annotations

import logging
from pathlib import Path, PurePath

from mindocr.utils.files import exists

logger = logging.getLogger(__name__)

FOLDER = "configs"
_PACKAGE = Path(__file__).resolve().parents[1]


def recipe_folder() -> Path:
    """The folder of the recipes and of the files that they share."""
    installed = _PACKAGE / FOLDER
    return installed if installed.is_dir() else _PACKAGE.parent / FOLDER


def recipe_files() -> list[Path]:
    """Every recipe, sorted; files that recipes only build on, in folders such as ``_base``, are left out."""
    folder = recipe_folder()
    files = sorted(folder.rglob("*.yaml"))
    return [file for file in files if not any(part.startswith("_") for part in file.relative_to(folder).parts)]


def recipe_name(file: Path) -> str:
    """The name under which commands take a recipe, such as ``configs/det/dbnet/db_r18_icdar15.yaml``."""
    return (FOLDER / file.relative_to(recipe_folder())).as_posix()


def find_config(path: str | Path, name: str | Path | None = None) -> Path:
    """``path`` where there is such a file, else the recipe of that name, with a line in the log.

    Args:
        path: of a YAML file.
        name: what a file calls it, where ``path`` was put together from that and the folder of the file. A relative
            name stands for a recipe when its end is ``configs/...``, or when it is a recipe's file name alone, with or
            without ``.yaml``.

    Returns:
        The file that was found, else ``path`` as it is.
    """
    path = Path(path)
    found = None if exists(path) else _shipped(PurePath(path if name is None else name))
    if found is None:
        return path
    logger.warning("%s: no such file; using the recipe of this name that comes with mindocr: %s", path, found)
    return found


def _shipped(name: PurePath) -> Path | None:
    if name.is_absolute():
        return None
    if FOLDER in name.parts:
        start = len(name.parts) - name.parts[::-1].index(FOLDER)
        inside = PurePath(*name.parts[start:])
        file = recipe_folder() / inside
        return file if ".." not in inside.parts and exists(file) else None
    fitting = [file for file in recipe_files() if str(name) in (file.name, file.stem)]
    return fitting[0] if len(fitting) == 1 else None
