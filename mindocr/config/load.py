"""Loads a configuration: read, merge, override, translate old keys, expand ``~``, check. Saves a resolved one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from mindocr.config.check import check
from mindocr.config.compat import upgrade
from mindocr.config.paths import expand_paths
from mindocr.config.read import resolve
from mindocr.config.recipes import find_config
from mindocr.config.schema import Config
from mindocr.config.yaml_io import dump_yaml
from mindocr.utils import files
from mindocr.utils.paths import expand_home

logger = logging.getLogger(__name__)


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read and check a configuration.

    Args:
        path: YAML file with our keys or MindOCR's, or a recipe that ships with the package (see :func:`find_config`).
            ``~`` at the beginning of a path in it, as in ``overrides``, is the home folder.
        overrides: overrides such as ``train.loader.batch_size=4``, as after ``-o``.

    Raises:
        ConfigError: the file cannot be read, or the configuration has problems; the message lists all of them.
    """
    path = find_config(expand_home(str(path)))
    upgraded = upgrade(resolve(path, overrides))
    values, problems = expand_paths(upgraded.values)
    config = check(values, str(path), [*upgraded.problems, *problems])
    for note in upgraded.notes:
        logger.warning("%s: %s", path, note)
    return config


_HEADER = "# Resolved configuration, written by mindocr"


def save_config(config: Config, path: str | Path) -> None:
    """Write a resolved configuration as YAML, completely or not at all. ``load_config`` reads back an equal one."""
    header = f"{_HEADER}: every value that was used, no base files.\n"
    files.write_text(Path(path), header + dump_yaml(config.model_dump()))


def is_resolved(path: Path) -> bool:
    """Whether :func:`save_config` has written a file."""
    with path.open("rb") as file:
        return file.readline().startswith(_HEADER.encode())
