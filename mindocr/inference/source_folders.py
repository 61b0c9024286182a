"""The folders of images and of results of a prediction must not be the same, nor may results be taken for images."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from mindocr.errors import UserError
from mindocr.utils.printable import printable

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
                    f"{key}: '{folders[key]}' holds the source images, such as {printable(image)}; results there would "
                    "be mixed with them; choose another folder"
                )


def results_in(folders: Sequence[Path], pictures: str) -> Callable[[Path], bool]:
    """A function that tells results of prediction from images, for a search that includes subfolders.

    Drawings are told by their names wherever they are, crops by their names in the output folders.

    Args:
        folders: output folders.
        pictures: ending of the names of drawings, such as ``_det_res.png``.
    """
    places = [folder.resolve() for folder in folders]

    def is_result(file: Path) -> bool:
        if file.name.endswith(pictures):
            return True
        return bool(CROP.search(file.name)) and any(file.resolve().is_relative_to(place) for place in places)

    return is_result


def _identity(folder: Path) -> Identity | None:
    try:
        status = folder.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
