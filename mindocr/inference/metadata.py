"""Metadata of a model file: names of its outputs, post-processing, preprocessing, name of the model.

In memory it is a mapping with the keys below. In a file each key is an entry ``mindocr.<key>`` whose value is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mindocr.config.check import format_problems
from mindocr.config.compat import upgrade
from mindocr.config.read import resolve
from mindocr.errors import ConfigError
from mindocr.inference.pipeline import default_pipeline, without_labels
from mindocr.models.algorithms import ALGORITHMS, Algorithm

OUTPUTS = "outputs"  # names of the network's outputs, in order
POSTPROCESS = "postprocess"  # section of a configuration
PIPELINE = "pipeline"  # ops from an image file to the network's input, as in a configuration
MODEL = "model"  # name of a named model
TRAINING = "training"  # the checkpoint: its name, its SHA-256, and what it says about its training

_FORMS: dict[str, type] = {OUTPUTS: list, POSTPROCESS: dict, PIPELINE: list, MODEL: str, TRAINING: dict}
_PREFIX = "mindocr."


def to_texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Metadata as the entries of a file."""
    return {f"{_PREFIX}{key}": json.dumps(value) for key, value in metadata.items()}


def from_texts(texts: Mapping[str, str]) -> dict[str, Any]:
    """The inverse of :func:`to_texts`; entries of other programs are left out.

    Raises:
        ValueError: an entry is not JSON, or its value does not have the type of its key.
    """
    found = {key: json.loads(texts[f"{_PREFIX}{key}"]) for key in _FORMS if f"{_PREFIX}{key}" in texts}
    for key, value in found.items():
        if not isinstance(value, _FORMS[key]):
            raise ValueError(f"its entry {_PREFIX}{key} is not a {_FORMS[key].__name__}")
    return found


def output_names(metadata: Mapping[str, Any], given: Sequence[str] = ("prob",)) -> tuple[str, ...]:
    """Names of the outputs of a file: those stored in its metadata.

    Args:
        metadata: metadata of the file.
        given: names in the file format itself. They are used if no names are stored and there are several outputs; a
            single output without a stored name is a probability map, ``prob``.
    """
    return tuple(metadata.get(OUTPUTS) or (given if len(given) > 1 else ("prob",)))


def of_sections(values: Mapping[str, Any], *, fixed_size: bool = False) -> dict[str, Any]:
    """Post-processing and preprocessing of a configuration.

    Args:
        values: its sections, as plain mappings.
        fixed_size: take the preprocessing of evaluation, in which all images have one size; otherwise that of
            prediction.
    """
    predict, evaluation = (_pipeline_of(values, section) for section in ("predict", "eval"))
    pipeline = without_labels(evaluation) if fixed_size and evaluation else predict or default_pipeline()
    section = values.get("postprocess")
    return {PIPELINE: pipeline, **({POSTPROCESS: section} if section else {})}


def _pipeline_of(values: Mapping[str, Any], section: str) -> Sequence[Any] | None:
    dataset = (values.get(section) or {}).get("dataset") or {}
    return dataset.get("transform_pipeline") or None


def of_algorithm(algorithm: Algorithm) -> dict[str, Any]:
    """Name, post-processing and preprocessing of a named model."""
    return {
        MODEL: algorithm.model,
        POSTPROCESS: dict(algorithm.postprocess),
        PIPELINE: default_pipeline(*algorithm.limit, algorithm.blue_first),
    }


def completed(stored: Mapping[str, Any], size: tuple[int, int], config: str | Path | None = None) -> dict[str, Any]:
    """Complete the metadata of a file.

    With a configuration, its pipeline and post-processing replace the stored ones. Otherwise values that are missing
    are those of the named model, if the file states one.

    Args:
        stored: metadata of the file.
        size: input size (h, w) of its network in pixels, -1 = any.
        config: a YAML file. Only its pipelines and its ``postprocess`` section are read, without MindSpore.
    """
    if config is not None:
        return {**stored, **of_sections(_read(config), fixed_size=-1 not in size)}
    known = next((a for a in ALGORITHMS.values() if a.model == stored.get(MODEL)), None)
    return {**(of_algorithm(known) if known else {}), **stored}


def _read(path: str | Path) -> dict[str, Any]:
    """The sections that define preprocessing and post-processing. Checking the others would import MindSpore."""
    raw = resolve(path)
    upgraded = upgrade({key: raw[key] for key in ("eval", "predict", "postprocess") if key in raw})
    if upgraded.problems:
        raise ConfigError(format_problems(str(path), upgraded.problems))
    return upgraded.values
