"""Loads a configuration: read, merge, override, translate old keys, expand ``~``, check. Saves a resolved one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mindocr.config.check import check_for, examine, format_problems
from mindocr.config.compat import upgrade
from mindocr.config.paths import expand_paths
from mindocr.config.read import resolve
from mindocr.config.recipes import find_config
from mindocr.config.schema import Config
from mindocr.config.usage import concerned
from mindocr.config.yaml_io import dump_yaml
from mindocr.utils import files
from mindocr.utils.paths import expand_home

logger = logging.getLogger(__name__)


def load_config(path: str | Path, overrides: Sequence[str] = (), command: str | None = None) -> Config:
    """Read and check a configuration.

    Args:
        path: YAML file with our keys or MindOCR's, or a recipe that ships with the package (see :func:`find_config`).
            ``~`` at the beginning of a path in it, as in ``overrides``, is the home folder.
        overrides: overrides such as ``train.loader.batch_size=4``, as after ``-o``.
        command: the command that uses it, such as ``train`` or ``eval``: problems in sections that it does not use are
            only named, in one warning (see ``usage.py``). None = every section must be right.

    Raises:
        ConfigError: the file cannot be read, or the configuration has problems; the message lists all of them.
    """
    path = find_config(expand_home(str(path)))
    upgraded = upgrade(resolve(path, overrides))
    values, problems = expand_paths(upgraded.values)
    config, elsewhere = check_for(command, values, str(path), [*upgraded.problems, *problems])
    for note in upgraded.notes:
        logger.warning("%s: %s", path, note)
    if elsewhere:
        logger.warning("%s", format_problems(str(path), elsewhere, f" in sections that '{command}' does not use"))
    return config


class Finding(NamedTuple):
    """A problem of a configuration, and the commands that it stops."""

    path: str
    text: str
    stops: list[str]


def inspect_config(path: str | Path, overrides: Sequence[str] = ()) -> tuple[Config | None, list[Finding]]:
    """Every problem of a configuration; keys without an effect are named in the log, as by :func:`load_config`.

    Returns:
        The configuration, as training uses it, and the problems. None if one of them stops training.

    Raises:
        ConfigError: the file cannot be read, or describes a model that this package does not have.
    """
    path = find_config(expand_home(str(path)))
    upgraded = upgrade(resolve(path, overrides))
    values, misplaced = expand_paths(upgraded.values)
    config, problems = examine("train", values, str(path), [*upgraded.problems, *misplaced])
    for note in upgraded.notes:
        logger.warning("%s: %s", path, note)
    found = [Finding(where, text, concerned(where, text, values)) for where, text in problems]
    return (None if any("train" in finding.stops for finding in found) else config), found


_HEADER = "# Resolved configuration, written by mindocr"


def save_config(config: Config, path: str | Path) -> None:
    """Write a resolved configuration as YAML, completely or not at all. ``load_config`` reads back an equal one."""
    header = f"{_HEADER}: every value that was used, no base files.\n"
    files.write_text(Path(path), header + dump_yaml(config.model_dump()))


def is_resolved(path: Path) -> bool:
    """Whether :func:`save_config` has written a file."""
    with path.open("rb") as file:
        return file.readline().startswith(_HEADER.encode())
