"""Converters: from the annotation format of a published data set to our label lines.

There is one module per data set, found by its name, with ``read(job) -> Iterator[Entry]``. ``common.py`` does the rest
for all data sets, from the repair of polygons to the label file.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import re
from pathlib import Path

from mindocr.errors import ConfigError, DataError
from mindocr.formats.datasets.common import BoxMode, Job, PathMode, Report, write_labels
from mindocr.registry import suggest

logger = logging.getLogger(__name__)

_HELPERS = ("common", "images", "pairing", "reading")


def names() -> list[str]:
    """Names of the data sets that can be converted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _HELPERS)


def convert(
    dataset_name: str,
    image_dir: Path,
    label_dir: Path,
    output_path: Path | None = None,
    task: str = "det",
    path_mode: PathMode = "relative",
    strict: bool = False,
    split: str | None = None,
    box_mode: BoxMode = "xywh",
    drop_empty: bool = False,
    min_text_width: float = 0.0,
    image_names: str | None = None,
) -> Report:
    """Write the label file of a data set.

    Args:
        dataset_name: one of :func:`names`.
        image_dir: folder with the images.
        label_dir: folder (or file) with the annotations as published.
        output_path: label file to write; None = ``<image folder's name>_<task>_gt.txt`` beside ``label_dir``. For
            SynthText, a name ending in ``.mat`` writes the cleaned ``gt_processed.mat`` instead.
        task: only ``det``.
        path_mode: image paths relative to ``image_dir``, or absolute.
        strict: stop at the first defect (such as an annotation without an image), instead of counting defects.
        split: part of the data set, if several are in one place (cocotext, textocr, svt, ccpd).
        box_mode: SCUT-FORU only: meaning of its four numbers.
        drop_empty: leave out images without a text that is not ignored.
        min_text_width: leave out texts that are narrower than this fraction of the width of their image, 0 to 1.
        image_names: regular expression; keep only images whose whole name, without folder and ending, matches it.

    Raises:
        ConfigError: unknown data set or task, or an option is out of range.
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
    if output_path is None or output_path == Path():
        output_path = label_dir.resolve().parent / f"{image_dir.resolve().name}_{task}_gt.txt"
    module = importlib.import_module(f"{__name__}.{dataset_name}")
    if split is not None and not getattr(module, "USES_SPLIT", False):
        logger.warning("--split %s has no effect for %s: set the folders to those of one part", split, dataset_name)
    if not 0 <= min_text_width <= 1:
        raise ConfigError(f"--min_text_width: expected a fraction of the image width from 0 to 1, got {min_text_width}")
    try:
        pattern = None if image_names is None else re.compile(image_names)
    except re.error as error:
        raise ConfigError(f"--image_names: {image_names!r} is not a regular expression: {error}") from None
    report = Report(output_path)
    job = Job(image_dir, label_dir, report, path_mode, strict, split, box_mode, drop_empty, min_text_width, pattern)
    if output_path.suffix.lower() != ".mat":
        write_labels(module.read(job), job)
    elif hasattr(module, "write_mat"):
        module.write_mat(job)
    else:
        raise ConfigError(f"{output_path}: only synthtext is converted to a .mat file; give a name ending in .txt")
    return job.report
