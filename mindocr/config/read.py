"""Reads YAML files with their base files and overrides into one plain mapping."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mindocr.config.merge import merge
from mindocr.config.overrides import apply_overrides
from mindocr.config.recipes import find_config
from mindocr.config.yaml_io import read_yaml
from mindocr.errors import ConfigError
from mindocr.utils.files import exists
from mindocr.utils.paths import expand_home


def resolve(path: str | Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Read a file, merge it into its base files, and merge the overrides into the result. Nothing is checked yet.

    Args:
        path: YAML file. Its key ``base`` names one file or a list of files, relative to it; later ones win. A base file
            such as ``../configs/det/_base/dbnet.yaml`` that does not exist is replaced by the one of the package.
        overrides: overrides such as ``train.loader.batch_size=4``.

    Raises:
        ConfigError: a file is missing or is not YAML, base files form a cycle, or an override cannot be read.
    """
    return apply_overrides(_read_with_bases(Path(path), ()), overrides)


def _read_with_bases(path: Path, derived: tuple[Path, ...]) -> dict[str, Any]:
    """Contents of ``path`` merged into its base files; ``derived`` are the files that led to it, outermost first."""
    here = path.resolve()
    if here in [file.resolve() for file in derived]:
        cycle = " -> ".join(str(p) for p in (*derived, path))
        raise ConfigError(f"{derived[-1]}: base files form a cycle: {cycle}")
    if derived and not (exists(path) and path.is_file()):
        raise ConfigError(f"{derived[-1]}: base: no such file '{path}'; the path is relative to the file that names it")
    own = read_yaml(path)
    if not isinstance(own, dict):
        got = "an empty file" if own is None else type(own).__name__
        raise ConfigError(f"{path}: expected a mapping of sections such as system: and model:, got {got}")
    merged: dict[str, Any] = {}
    for base in map(expand_home, _base_names(own, path)):
        merged = _merge_from(path, merged, _read_with_bases(find_config(path.parent / base, base), (*derived, path)))
    return _merge_from(path, merged, {key: value for key, value in own.items() if key != "base"})


def _merge_from(path: Path, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(merge(old, new))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _base_names(own: dict[str, Any], path: Path) -> list[str]:
    base = own.get("base")
    names = [base] if isinstance(base, str) else base or []
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ConfigError(f"{path}: base: expected a file name or a list of them, got {base!r}")
    return names
