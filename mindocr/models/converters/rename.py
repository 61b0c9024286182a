"""Renames the entries of another project by tables of patterns; nothing is dropped without a reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mindocr.errors import CheckpointError

# Names of a BatchNorm's four arrays in other projects
_BATCH_NORM = {
    "weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance",
    "_mean": "moving_mean", "_variance": "moving_variance",
}  # fmt: skip
_MEANS = (".running_mean", "._mean")
_LISTED = 8

Rules = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Conversion:
    """Weights under this toolkit's names, and what was done with each entry of the source.

    Attributes:
        weights: name -> float32 array, for the detector, or for the backbone alone, as in ``spec``.
        mapped: the source's name -> ours.
        left_over: the source's name -> why it is not taken.
        spec: the ``model`` section of a network that computes what the source computed.
        notes: other differences, such as the expected input, as text for the user.
        absent: beginning of a parameter name -> why the source has no such weights; they keep their initial values.
        settings: preparation of the image and post-processing that belong to the weights, with the keys of
            :mod:`mindocr.inference.metadata`; the checkpoint then carries them and ``spec``.
        recipe: name of the recipe with which the weights can be trained further.
    """

    weights: dict[str, np.ndarray]
    mapped: dict[str, str]
    left_over: dict[str, str]
    spec: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    absent: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    recipe: str = ""


def batch_norm_names(names: Iterable[str]) -> dict[str, str]:
    """Name -> our name, for every array of a BatchNorm that PyTorch, Paddle or MindSpore's mint layers named."""
    known = set(names)
    prefixes = {name.removesuffix(end) for name in known for end in _MEANS if name.endswith(end)}
    found = {}
    for prefix in prefixes:
        for theirs, ours in _BATCH_NORM.items():
            if f"{prefix}.{theirs}" in known:
                found[f"{prefix}.{theirs}"] = f"{prefix}.{ours}"
    return found


def rename(weights: Mapping[str, Any], rules: Rules, left_over: Rules, source: str) -> Conversion:
    """Rename every entry.

    Args:
        weights: the source's name -> array.
        rules: (pattern of a full name, replacement); the first match is used. BatchNorm's arrays keep their last part
            in the replacement; it is translated afterwards.
        left_over: (pattern, reason) of entries that are not taken; checked before ``rules``.
        source: the expected kind of file, for messages.

    Raises:
        CheckpointError: an entry matches no pattern, or no entry matches a rule.
    """
    names: dict[str, str] = {}
    left: dict[str, str] = {}
    unknown = []
    for name, value in weights.items():
        reason = next((why for pattern, why in left_over if re.fullmatch(pattern, name)), None)
        if reason is None and not isinstance(value, np.ndarray):
            reason = "not an array"
        if reason is not None:
            left[name] = reason
            continue
        fitting = (match.expand(to) for pattern, to in rules if (match := re.fullmatch(pattern, name)))
        target = next(fitting, None)
        if target is None:
            unknown.append(name)
        else:
            names[name] = target
    if unknown or not names:
        raise CheckpointError(_no_fit(unknown, list(weights), source))
    translated = batch_norm_names(names.values())
    names = {name: translated.get(target, target) for name, target in names.items()}
    doubled = sorted({target for target in names.values() if list(names.values()).count(target) > 1})
    if doubled:
        raise CheckpointError(f"several entries would become {', '.join(doubled[:_LISTED])}; is this {source}?")
    arrays = {target: np.asarray(weights[name], np.float32) for name, target in names.items()}
    return Conversion(arrays, names, left)


def _no_fit(unknown: Sequence[str], names: Sequence[str], source: str) -> str:
    listed = unknown or names
    more = f", and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return (
        f"{len(listed)} of {len(names)} entries are unknown to this converter: {', '.join(listed[:_LISTED])}"
        f"{more}. It reads {source}; choose another --from, or convert the network that the file was made for first"
    )


def refuse(weights: Mapping[str, Any], pattern: str, what: str) -> None:
    """Stop if the source has a part that no network of this toolkit has.

    Raises:
        CheckpointError: a name contains the pattern.
    """
    found = next((name for name in weights if re.search(pattern, name)), None)
    if found:
        raise CheckpointError(f"'{found}': {what}, which no network of this toolkit has; such weights cannot be used")
