"""Images of a data set: search by name, size without decoding, conversion of GIF to PNG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from mindocr.errors import DataError
from mindocr.images.read import IMAGE_SUFFIXES
from mindocr.utils import files
from mindocr.utils.search import FoundFiles, find_files

if TYPE_CHECKING:
    from mindocr.formats.datasets.common import Job

NO_IMAGE = "no such image"
_EXIF_ORIENTATION = 0x0112


def files_in(folder: Path, suffixes: tuple[str, ...], job: Job | None = None) -> list[Path]:
    """The files with one of these endings in any case, sorted: those in the folder, or if none, those below it.

    Folders that are links are searched, hidden ones are not; ``job`` receives their number, and broken links.
    """
    for recursive in (False, True):
        found = find_files(folder, suffixes, recursive)
        if found.files or recursive:
            note_hidden(found, job)
            return found.files
    return []


def note_hidden(found: FoundFiles, job: Job | None) -> None:
    """Count what a search passed over, and report what it could not read."""
    if job is None:
        return
    if found.hidden:
        example = found.hidden[0].encode("utf-8", "replace").decode()
        key = f"hidden files or folders passed over, such as {example}"
        job.report.notes[key] = max(job.report.notes[key], len(found.hidden))
    for problem in found.broken:
        job.warn(f"{problem}; passed over")


def index_images(folder: Path, wanted: Iterable[Sequence[str]] = (), job: Job | None = None) -> dict[str, Path]:
    """Images of a folder (or, if it has none, of its subfolders) by their name without the ending.

    Args:
        folder: the folder.
        wanted: for each annotated image its possible names, with or without ending; an image that the folder lacks is
            searched in its subfolders.
        job: receives counts; None = none.

    Raises:
        DataError: there is no image, or two have the same name (a PNG made from a GIF replaces it).
    """
    found: dict[str, Path] = {}
    for file in files_in(folder, IMAGE_SUFFIXES, job):
        _add(found, file)
    if not found:
        raise DataError(f"{folder}: no image in this folder; expected files ending in {', '.join(IMAGE_SUFFIXES)}")
    known = found.keys() | {file.name for file in found.values()}
    lacking = {name for names in wanted if not known.intersection(names) for name in names}
    if lacking and any(file.parent == folder for file in found.values()):
        below = find_files(folder, IMAGE_SUFFIXES)
        note_hidden(below, job)
        for file in below.files:
            if file.parent != folder and (file.stem in lacking or file.name in lacking):
                _add(found, file)
    return found


def _add(found: dict[str, Path], file: Path) -> None:
    other = found.get(file.stem)
    if other is None or (other.suffix.lower() == ".gif" and file.suffix.lower() == ".png"):
        found[file.stem] = file
    elif not (file.suffix.lower() == ".gif" and other.suffix.lower() == ".png"):
        raise DataError(f"{file}: another image of this name is {other}; set --image_dir to the folder of one part")


def place_of(image_dir: Path, name: str, where: str) -> Path:
    """The file that an annotation of a published data set names: its path below ``image_dir``.

    If that does not exist, leading folders are removed, one after the other. Two annotations of one file are refused
    when the label file is written. See :mod:`mindocr.formats.image_finder` for annotations of other tools.

    Raises:
        DataError: the path is outside ``image_dir``.
    """
    parts = PurePosixPath(name.replace("\\", "/"))
    if not parts.name or parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        raise DataError(f"{where}: the image name {name!r} is outside the folder of images; correct the annotation")
    ends = [image_dir.joinpath(*parts.parts[skipped:]) for skipped in range(len(parts.parts))]
    return next((end for end in ends if end.is_file()), ends[0])


def look_at(image: Path) -> tuple[Path, tuple[int, int], str]:
    """The file to use for an image, its (w, h) as decoded (with EXIF rotation), and a problem (empty = none).

    A GIF, whatever its name, is replaced by the PNG beside it, which is created from its first frame if needed: not
    every OpenCV reads GIF.

    Raises:
        DataError: the PNG cannot be written.
    """
    try:
        with Image.open(image) as picture:
            w, h = picture.size
            if picture.format == "GIF":
                png = image.with_suffix(".png")
                if not png.exists():
                    _write_png(picture, png)
                return png, (w, h), ""
            if picture.getexif().get(_EXIF_ORIENTATION, 1) >= 5:  # 5 to 8 swap width and height
                w, h = h, w
            return image, (w, h), ""
    except (FileNotFoundError, IsADirectoryError):
        return image, (0, 0), NO_IMAGE
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, TypeError) as error:
        return image, (0, 0), f"this image cannot be read ({type(error).__name__})"


def _write_png(picture: Image.Image, png: Path) -> None:
    frame = picture.convert("RGB")
    try:
        with files.replacing(png) as part:
            frame.save(part, format="PNG")
    except OSError as error:
        raise DataError(f"{png}: cannot write the PNG that replaces a GIF image: {error.strerror}") from None
