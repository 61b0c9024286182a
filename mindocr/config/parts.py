"""The open parts of a configuration: where each stands, which registry knows it, and which key names the choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mindocr.registry import BACKBONES, DATASETS, HEADS, LOSSES, METRICS, NECKS, POSTPROCESSES, Registry


class OpenPart(NamedTuple):
    """One open part: ``{selector: a registered name, **its arguments}``."""

    path: str
    registry: Registry
    selector: str = "name"


OPEN_PARTS = (
    OpenPart("model.backbone", BACKBONES),
    OpenPart("model.neck", NECKS),
    OpenPart("model.head", HEADS),
    OpenPart("loss", LOSSES),
    OpenPart("postprocess", POSTPROCESSES),
    OpenPart("metric", METRICS),
    OpenPart("train.dataset", DATASETS, "type"),
    OpenPart("eval.dataset", DATASETS, "type"),
    OpenPart("predict.dataset", DATASETS, "type"),
)

DATASET_PATHS = tuple(part.path for part in OPEN_PARTS if part.registry is DATASETS)


def lookup(values: Any, path: str) -> Any:
    """What stands at a dotted path, or None where nothing does."""
    for key in path.split("."):
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def present_parts(values: Mapping[str, Any]) -> Iterator[tuple[OpenPart, Mapping[str, Any]]]:
    """Every open part that ``values`` holds as a mapping."""
    for part in OPEN_PARTS:
        spec = lookup(values, part.path)
        if isinstance(spec, Mapping):
            yield part, spec
