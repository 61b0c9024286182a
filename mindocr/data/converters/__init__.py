"""Converters: from the annotation format of a published data set to our label lines.

One module a data set, found by its name: ``convert(image_dir, label_dir, output_path, path_mode, strict) -> Report``.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from mindocr.data.converters.common import PathMode, Report
from mindocr.errors import ConfigError, DataError
from mindocr.registry import suggest

_HELPERS = ("common",)


def names() -> list[str]:
    """The data sets that can be converted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _HELPERS)


def convert(
    dataset_name: str,
    image_dir: Path,
    label_dir: Path,
    output_path: Path | None = None,
    task: str = "det",
    path_mode: PathMode = "relative",
    strict: bool = False,
) -> Report:
    """Write the label file of a data set.

    Args:
        dataset_name: one of :func:`names`.
        image_dir: folder with the images.
        label_dir: folder (or file) with the annotations as published.
        output_path: label file to write; None = ``<image folder's name>_<task>_gt.txt`` beside ``label_dir``.
        task: only ``det``.
        path_mode: image paths relative to ``image_dir``, or absolute.
        strict: stop at an annotation without an image, or an image without annotation, instead of counting it.

    Raises:
        ConfigError: unknown data set or task.
        DataError: a folder is missing or an annotation is malformed.
    """
    if dataset_name not in names():
        raise ConfigError(
            f"unknown data set '{dataset_name}'{suggest(dataset_name, names())}; known: {', '.join(names())}"
        )
    if task != "det":
        raise ConfigError(f"task '{task}' is not supported: this toolkit trains detectors; use --task det")
    if not image_dir.is_dir():
        raise DataError(f"{image_dir}: no such folder; --image_dir must be the folder with the images")
    if not label_dir.exists():
        raise DataError(f"{label_dir}: no such folder or file; --label_dir must hold the annotations as published")
    if output_path is None:
        output_path = label_dir.resolve().parent / f"{image_dir.resolve().name}_{task}_gt.txt"
    module = importlib.import_module(f"{__name__}.{dataset_name}")
    return module.convert(image_dir, label_dir, output_path, path_mode, strict)
