"""Image paths of a data set that do not exist as written: those with backslashes are read, others are explained."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from mindocr.errors import DataError
from mindocr.formats.image_paths import BACKSLASHES, ImageFolder, cause_of
from mindocr.formats.record import Record

logger = logging.getLogger(__name__)


def resolve_paths(records: Sequence[Record], folder: Path) -> list[Record]:
    """The records with paths that exist, where only ``\\`` stood for ``/``; the log states their number.

    Raises:
        DataError: the first missing image has a path of another system, or is at another path in the folder; the
            message names both. Other missing images are left to ``require_images``.
    """
    images = ImageFolder(folder)
    resolved = list(records)
    missing = [i for i, record in enumerate(records) if not images.has(record.img_path)]
    for i in missing:
        path = os.path.join(folder, _name(records[i], folder).replace("\\", "/"))  # noqa: PTH118  fast
        if images.has(path):
            resolved[i] = records[i]._replace(img_path=path)
    left = [i for i in missing if resolved[i] is records[i]]
    if left:
        _explain([records[i] for i in left], len(records), images)
    if missing and not left:
        logger.info("%s: %d image paths have backslashes, which are read as /", records[0].where, len(missing))
    return resolved


def _explain(missing: Sequence[Record], total: int, images: ImageFolder) -> None:
    first = missing[0]
    name = _name(first, Path(images.folder))
    found = images.find(name)
    cause = found.cause if found else cause_of(name)
    if not found and cause in ("", BACKSLASHES):
        return
    start = (
        f"{first.where}: image {first.img_path if cause_of(name) in ('', BACKSLASHES) else name} does not exist; "
        f"{len(missing)} of the {total} images of this label file are missing; {cause}"
    )
    if found:
        raise DataError(
            f"{start}, but {os.path.join(images.folder, found.path)} exists: write paths relative to data_dir, here "  # noqa: PTH118
            f"{found.path}; 'mindocr check-data --fix' does that"
        )
    raise DataError(
        f"{start}; write paths relative to data_dir, with /, and put the images there (no image of this name is in "
        f"{images.folder})"
    )


def _name(record: Record, folder: Path) -> str:
    """The path as in the label line."""
    start = os.path.join(folder, "")  # noqa: PTH118
    return record.img_path.removeprefix(start) if str(folder) not in ("", ".") else record.img_path
