"""The folders of images and of results of a prediction must not be the same, nor may results be taken for images."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mindocr.errors import UserError

CROP = re.compile(r"_crop_\d+\.jpg$")

Identity = tuple[int, int]


def refuse_sources(images: Iterable[str], folders: Mapping[str, Path]) -> None:
    """Check that none of the output folders holds a source image; links are followed.

    Args:
        images: paths of the images.
        folders: name in the message -> output folder, which need not exist.

    Raises:
        UserError: one does; the message names the folder and the image.
    """
    outputs = {key: identity for key, folder in folders.items() if (identity := _identity(folder)) is not None}
    seen: set[str] = set()
    for image in images:
        parent = os.path.dirname(image)  # noqa: PTH120  fast
        if parent in seen:
            continue
        seen.add(parent)
        place = _identity(Path(parent or "."))
        for key, identity in outputs.items():
            if identity == place:
                raise UserError(
                    f"{key}: '{folders[key]}' holds the source images, such as {image}; results there would be mixed "
                    "with them; choose another folder"
                )


def results_in(pictures: str, crops: Path | None) -> Callable[[Path], bool]:
    """A function that tells results of prediction from images, for a search that includes subfolders.

    Args:
        pictures: ending of the names of drawings, such as ``_det_res.png``.
        crops: folder of crops; None = none are written.
    """
    crop_folder = None if crops is None else crops.resolve()

    def is_result(file: Path) -> bool:
        if file.name.endswith(pictures):
            return True
        return crop_folder is not None and bool(CROP.search(file.name)) and file.resolve().is_relative_to(crop_folder)

    return is_result


def _identity(folder: Path) -> Identity | None:
    try:
        status = folder.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
