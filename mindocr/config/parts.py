"""The open parts of a configuration: the path of each, its registry, and the key that holds the choice.

This is the only list of them. ``*`` in a path matches any name, such as that of a network in ``model.networks``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mindocr.registry import BACKBONES, DATASETS, HEADS, LOSSES, METRICS, NECKS, POSTPROCESSES, SAMPLERS, Registry

ANY = "*"


class OpenPart(NamedTuple):
    """One open part: ``{selector: a registered name, **its arguments}``."""

    path: str
    registry: Registry
    selector: str = "name"


OPEN_PARTS = (
    OpenPart("model.backbone", BACKBONES),
    OpenPart("model.neck", NECKS),
    OpenPart("model.head", HEADS),
    OpenPart("model.networks.*.backbone", BACKBONES),
    OpenPart("model.networks.*.neck", NECKS),
    OpenPart("model.networks.*.head", HEADS),
    OpenPart("loss", LOSSES),
    OpenPart("postprocess", POSTPROCESSES),
    OpenPart("metric", METRICS),
    OpenPart("train.dataset", DATASETS, "type"),
    OpenPart("eval.dataset", DATASETS, "type"),
    OpenPart("predict.dataset", DATASETS, "type"),
    OpenPart("train.loader.sampler", SAMPLERS),
)

DATASET_PATHS = tuple(part.path for part in OPEN_PARTS if part.registry is DATASETS)


def lookup(values: Any, path: str) -> Any:
    """The value at a dotted path, or None if there is none."""
    for key in path.split("."):
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def open_part_at(path: str) -> OpenPart | None:
    """The open part that a configuration may have at ``path``."""
    return next((part._replace(path=path) for part in OPEN_PARTS if fits(part.path, path)), None)


def fits(pattern: str, path: str) -> bool:
    """Whether a dotted path matches this pattern, in which ``*`` matches any one key."""
    wanted, keys = pattern.split("."), path.split(".")
    return len(wanted) == len(keys) and all(w in (ANY, key) for w, key in zip(wanted, keys))


def present_parts(values: Mapping[str, Any]) -> Iterator[tuple[OpenPart, Mapping[str, Any]]]:
    """Every open part that is a mapping in ``values``, with its complete path."""
    for part in OPEN_PARTS:
        for path in _expand(values, part.path):
            spec = lookup(values, path)
            if isinstance(spec, Mapping):
                yield part._replace(path=path), spec


def _expand(values: Mapping[str, Any], pattern: str) -> list[str]:
    above, star, below = pattern.partition(f".{ANY}.")
    if not star:
        return [pattern]
    section = lookup(values, above)
    return [f"{above}.{name}.{below}" for name in section] if isinstance(section, Mapping) else []
