"""Merging: which value wins when a base file and the file derived from it, or a file and ``-o``, set the same key.

Mappings merge; scalars and lists replace; a new name drops the arguments of the old one; a mapping merged into a
transform pipeline patches the ops that it names.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mindocr.config.parts import DATASET_PATHS, open_part_at
from mindocr.errors import ConfigError
from mindocr.registry import suggest

# Fixed sections that describe a choice, and the key that holds it. For the open parts see ``parts.py``.
_SELECTORS = {"scheduler": "scheduler", "optimizer": "opt"}

# Keys that stay after a new choice, because every choice takes them and they describe the run.
KEPT: dict[str, tuple[str, ...]] = {
    "scheduler": ("lr", "min_lr", "num_epochs", "warmup_epochs"),
    "optimizer": ("weight_decay", "filter_bias_and_bn", "parts"),
    **dict.fromkeys(DATASET_PATHS, ("transform_pipeline", "output_columns")),
}

DROP = "drop"  # `RandomRotate: drop` removes the op from the pipeline


def merge(old: Any, new: Any, path: str = "") -> Any:
    """Merge ``new`` into ``old`` and return the result; neither argument is changed.

    Args:
        old: value of the base file.
        new: value of the derived file or the override; it wins.
        path: dotted path of both in the configuration, empty at the top.

    Raises:
        ConfigError: ``new`` patches an op that the pipeline does not have.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        kept = _without_arguments_of_old_choice(old, new, path)
        merged = {key: copy.deepcopy(value) for key, value in kept.items()}
        for key, value in new.items():
            key_path = f"{path}.{key}" if path else str(key)
            merged[key] = merge(kept[key], value, key_path) if key in kept else copy.deepcopy(value)
        return merged
    if isinstance(old, list) and isinstance(new, Mapping) and is_pipeline(path):
        return _patch_pipeline(old, new, path)
    return copy.deepcopy(new)


def selector_at(path: str) -> str | None:
    """The key that holds the choice in the section at ``path``; None if the section describes no choice."""
    part = open_part_at(path)
    return part.selector if part else _SELECTORS.get(path)


def is_pipeline(path: str) -> bool:
    """Whether the value at ``path`` is a list of transforms."""
    return path.endswith(".transform_pipeline")


def op_name(op: Any) -> str:
    """Name of one pipeline entry, ``ToCHWImage`` or ``{RandomRotate: {degrees: [-10, 10]}}``; empty for others."""
    if isinstance(op, str):
        return op
    return str(next(iter(op))) if isinstance(op, Mapping) and len(op) == 1 else ""


def op_arguments(op: Any) -> Any:
    """Arguments of one pipeline entry, ``{}`` if it has none."""
    arguments = next(iter(op.values())) if isinstance(op, Mapping) and len(op) == 1 else None
    return {} if arguments is None else arguments


def find_op(ops: list[Any], name: str, path: str) -> int:
    """Position of the op called ``name``.

    Raises:
        ConfigError: no op has this name, or several have.
    """
    names = [op_name(op) for op in ops]
    positions = [i for i, known in enumerate(names) if known == name]
    if not positions:
        hint = suggest(name, names) or f"; its ops: {', '.join(names) or 'none'}"
        raise ConfigError(f"{path}.{name}: the pipeline has no op '{name}'{hint}")
    if len(positions) > 1:
        found = " and ".join(f"{path}[{i}]" for i in positions)
        raise ConfigError(f"{path}.{name}: the op appears at {found}; choose one of them by its position")
    return positions[0]


def _without_arguments_of_old_choice(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    selector = selector_at(path)
    if selector is None or selector not in new or selector not in old:
        return old
    if str(old[selector]).lower() == str(new[selector]).lower():
        return old
    return {key: value for key, value in old.items() if key in KEPT.get(path, ())}


def _patch_pipeline(ops: list[Any], patch: Mapping[str, Any], path: str) -> list[Any]:
    patched = copy.deepcopy(ops)
    for name, change in patch.items():
        position = find_op(patched, str(name), path)
        if change == DROP:
            del patched[position]
        elif isinstance(change, Mapping):
            patched[position] = {name: merge(op_arguments(patched[position]), change)}
        elif change is not None:
            raise ConfigError(
                f"{path}.{name}: expected arguments such as {{p: 0.5}}, '{DROP}' to remove the op, or nothing to "
                f"keep it; got {change!r}"
            )
    return patched
