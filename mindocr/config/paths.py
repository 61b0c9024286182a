"""Paths in a configuration: ``~`` becomes the home folder in every text; paths that cannot work here are problems.

The rules look at the text, not at a list of keys, so that they hold for arguments of a user's own data set or logger
too. Only a backslash may be part of other texts: there the key decides.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from mindocr.config.wording import Problem
from mindocr.errors import UserError
from mindocr.utils.paths import expand_home, problem_of

_PATH_KEY = re.compile(r"(.+_)?(dir|root|file|path|folder|pretrained|resume)s?", re.ASCII)


def is_path_key(key: str) -> bool:
    """Whether a key, the last part of a dotted path, holds a path by its name."""
    return _PATH_KEY.fullmatch(key) is not None


def expand_paths(values: Any, path: str = "") -> tuple[Any, list[Problem]]:
    """Replace ``~`` at the beginning of every text by the home folder.

    Args:
        values: a configuration or a part of it; it is not changed.
        path: dotted path of ``values``.

    Returns:
        The values with the paths replaced, and problems: unknown users, paths of Windows, environment variables.
    """
    if isinstance(values, Mapping):
        parts = {key: expand_paths(value, f"{path}.{key}" if path else str(key)) for key, value in values.items()}
        return {key: value for key, (value, _) in parts.items()}, [p for _, found in parts.values() for p in found]
    if isinstance(values, list):
        items = [expand_paths(value, f"{path}[{i}]") for i, value in enumerate(values)]
        return [value for value, _ in items], [p for _, found in items for p in found]
    if not isinstance(values, str):
        return values, []
    try:
        expanded = expand_home(values)
    except UserError as error:
        return values, [(path, str(error))]
    text = problem_of(values) or _backslash(values, path)
    return expanded, [(path, f"{text}, got {values!r}")] if text else []


def _backslash(text: str, path: str) -> str:
    key = path.rpartition(".")[2].partition("[")[0]
    if os.name == "nt" or "\\" not in text or not is_path_key(key):
        return ""
    return "folders are separated by '/' here, not by a backslash"
