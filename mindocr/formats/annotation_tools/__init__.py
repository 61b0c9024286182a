"""Import and export of labels for annotation tools and benchmarks; a round trip is lossless.

There is one module per format, found by its name, with ``read(job, options) -> Iterator[Entry]`` and
``write(labelled, target, options)``. Polygons and texts do not change; with ``tidy`` an import processes them
as the converters of published data sets do.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from mindocr.errors import ConfigError, DataError
from mindocr.formats.annotation_tools.common import Options, read_labelled
from mindocr.formats.annotation_tools.which_tool import advice
from mindocr.formats.datasets.common import Job, PathMode, Report, keep_text, make_text, write_labels
from mindocr.registry import suggest

_HELPERS = (
    "coco_shapes", "common", "label_studio_regions", "label_studio_simple", "labelme_shapes", "masks", "shapes",
    "which_tool",
)  # fmt: skip


def names() -> list[str]:
    """Names of the available formats."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _HELPERS)


def import_labels(
    format_name: str,
    image_dir: Path,
    source: Path,
    label_file: Path,
    options: Options | None = None,
    path_mode: PathMode = "relative",
    strict: bool = False,
    tidy: bool = False,
) -> Report:
    """Write a label file from the files of an annotation tool.

    Args:
        format_name: one of :func:`names`.
        image_dir: folder with the images.
        source: the tool's file or folder.
        label_file: label file to write.
        options: settings of some formats.
        path_mode: image paths relative to ``image_dir``, or absolute.
        strict: stop at the first defect, such as a missing image, instead of counting defects.
        tidy: order polygons clockwise, repair invalid ones, ignore texts without transcription.

    Raises:
        ConfigError: unknown format.
        DataError: a folder is missing or a file is malformed.
    """
    module = _module(format_name)
    if not image_dir.is_dir():
        raise DataError(f"{image_dir}: no such folder; --image_dir must be the folder with the images")
    if not source.exists():
        raise DataError(f"{source}: no such file or folder; expected what {format_name} exported")
    job = Job(image_dir, source, Report(label_file), path_mode, strict)
    try:
        write_labels(module.read(job, options or Options()), job, make_text if tidy else keep_text)
    except DataError as error:
        other = advice(source, format_name)
        if other:
            raise DataError(f"{other} ({error})") from None
        raise
    return job.report


def export_labels(
    format_name: str, image_dir: Path, label_file: Path, target: Path, options: Options | None = None
) -> Report:
    """Write the file or folder of an annotation tool from a label file.

    Args:
        format_name: one of :func:`names`.
        image_dir: folder that the paths in the label file start from.
        label_file: label file, or the results of a prediction (``det_results.txt``).
        target: file or folder to write.
        options: settings of some formats.

    Raises:
        ConfigError: unknown format.
        DataError: a malformed line, a missing image, or a label that the format cannot represent.
    """
    module = _module(format_name)
    labelled = read_labelled(label_file, image_dir)
    report = Report(target, images=len(labelled), texts=sum(len(image.items) for image in labelled))
    report.ignored = sum(item.ignored for image in labelled for item in image.items)
    try:
        module.write(labelled, target, options or Options(), report)
    except OSError as error:
        raise DataError(f"{target}: cannot write: {error.strerror}") from None
    return report


def _module(name: str) -> ModuleType:
    if name not in names():
        raise ConfigError(f"unknown format '{name}'{suggest(name, names())}; known: {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name}")
