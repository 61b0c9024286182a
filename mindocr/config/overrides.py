"""Overrides after ``-o``, such as ``train.loader.batch_size=4`` or ``a.transform_pipeline[4].RandomRotate.p=1``."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

from mindocr.config.merge import DROP, find_op, is_pipeline, merge, op_arguments, op_name, selector_at
from mindocr.config.yaml_io import DEEPEST, parse_yaml
from mindocr.errors import ConfigError

_STEP = re.compile(r"([^.\[\]=\s]+)((?:\[-?\d{1,9}\])*)", re.ASCII)
_SHOWN = 200  # characters of an override in a message

Keys = tuple[str, ...]


def apply_overrides(values: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Merge overrides into a configuration by the rules of ``merge``; ``values`` is not changed.

    An override that makes a choice (``model.neck.name=...``) is applied before those of the same section, so that it
    does not drop the arguments that they set. Otherwise a later override wins.

    Raises:
        ConfigError: an override is not ``dotted.key=value``, its value is not YAML, or its path does not exist.
    """
    for word, keys, value in _choices_first([(word, *parse_override(word)) for word in overrides]):
        try:
            values = _assign(values, keys, value, "")
        except ConfigError as error:
            raise ConfigError(f"-o {_shown(word)}: {error}") from None
    return values


def parse_override(word: str) -> tuple[Keys, Any]:
    """Split ``a.b[6].c=value`` at the first ``=`` into ``("a", "b", "6", "c")`` and the value, read as YAML.

    Raises:
        ConfigError: no ``=``, an empty key, or a value that is not YAML.
    """
    path, equals, text = word.partition("=")
    shown = _shown(word)
    if not equals:
        raise ConfigError(f"-o {shown}: expected dotted.key=value, such as train.loader.batch_size=4")
    keys: list[str] = []
    for step in path.strip().split("."):
        match = _STEP.fullmatch(step)
        if match is None:
            raise ConfigError(f"-o {shown}: '{_shown(path)}' is not a dotted key such as train.loader.batch_size")
        keys += [match[1], *re.findall(r"-?\d+", match[2])]
    if len(keys) > DEEPEST:
        raise ConfigError(f"-o {shown}: nested too deep; the limit is {DEEPEST} levels")
    return tuple(keys), parse_yaml(text, f"-o {shown}")


def _shown(word: str) -> str:
    return word if len(word) <= _SHOWN else f"{word[:_SHOWN]}..."


def _choices_first(parsed: Sequence[tuple[str, Keys, Any]]) -> list[tuple[str, Keys, Any]]:
    """Each choice before the overrides of its section, but never before one that sets the section or one around it."""
    ordered: list[tuple[str, Keys, Any]] = []
    for item in parsed:
        keys, section = item[1], item[1][:-1]
        place = len(ordered)
        if _makes_choice(keys):
            while place and not _holds(ordered[place - 1][1], keys):
                place -= 1
            beside = (n for n in range(place, len(ordered)) if _holds(section, ordered[n][1]))
            place = next(beside, len(ordered))
        ordered.insert(place, item)
    return ordered


def _holds(section: Keys, keys: Keys) -> bool:
    return keys[: len(section)] == section


def _makes_choice(keys: Keys) -> bool:
    return selector_at(".".join(keys[:-1])) == keys[-1]


def _assign(node: Any, keys: Keys, value: Any, path: str) -> Any:
    """Return a copy of ``node``, the value at ``path``, with ``value`` merged in at ``keys`` below it."""
    if not keys:
        return merge(node, value, path)
    key, rest = keys[0], keys[1:]
    if isinstance(node, list):
        return _assign_in_list(node, key, rest, value, path)
    key_path = f"{path}.{key}" if path else key
    if node is not None and not isinstance(node, dict):
        raise ConfigError(f"{path} is {node!r}, not a section, so it has no '{key}'")
    if not rest:
        return merge(node or {}, {key: value}, path)
    return {**(node or {}), key: _assign((node or {}).get(key), rest, value, key_path)}


def _assign_in_list(items: list[Any], key: str, rest: Keys, value: Any, path: str) -> list[Any]:
    changed = copy.deepcopy(items)
    by_position = re.fullmatch(r"-?\d{1,9}", key, re.ASCII) is not None
    if not by_position and not is_pipeline(path):
        raise ConfigError(f"{path} is a list; '{key}' is not a position in it")
    position = int(key) if by_position else find_op(items, key, path)
    if not -len(items) <= position < len(items):
        raise ConfigError(f"{path} has {len(items)} items; there is no [{position}]")
    item_path = f"{path}[{position}]"
    if not is_pipeline(path):
        changed[position] = _assign(items[position], rest, value, item_path)
        return changed
    name = op_name(items[position])
    if by_position and rest:
        if rest[0] != name:
            raise ConfigError(f"{item_path} is {name}, not {rest[0]}; write {item_path}.{name}.<argument>")
        rest, by_position = rest[1:], False
    if not rest and value == DROP:
        del changed[position]
    elif by_position:
        changed[position] = copy.deepcopy(value)
    else:
        changed[position] = {name: _assign(op_arguments(items[position]), rest, value, f"{item_path}.{name}")}
    return changed
