"""Image files in a folder, and what a search leaves out: subfolders, and kinds of files that are not read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mindocr.errors import DataError
from mindocr.images.pages import is_pdf
from mindocr.images.read import IMAGE_SUFFIXES
from mindocr.utils.search import is_hidden

# Kinds of images, documents and videos that people keep in folders of photographs and scans, and that cannot be read
# here, or not safely.
UNREAD_SUFFIXES = (
    ".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".jpx", ".jxl", ".jxr", ".psd", ".xcf", ".svg", ".pdf", ".djvu",
    ".eps", ".ai", ".tga", ".ico", ".pcx", ".exr", ".hdr", ".ppm", ".pgm", ".pbm", ".pnm",
    ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf",
    ".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".3gp",
)  # fmt: skip

_MOST_LOOKED_AT = 20_000  # files of subfolders that are counted for a message


@dataclass(frozen=True)
class FolderImages:
    """Images of a folder.

    Attributes:
        files: the images, sorted.
        left_out: a sentence part about what was not read, empty = nothing, such as ``12 images in subfolders such as
            a/b.jpg: use --recursive``.
    """

    files: list[Path]
    left_out: str = ""


def list_images(
    folder: str | Path, recursive: bool = False, hint: str = "use --recursive", documents: bool = False
) -> FolderImages:
    """The image files in a folder, chosen by their endings, and what was left out.

    Hidden files are left out and counted, see :func:`~mindocr.utils.search.is_hidden`.

    Args:
        folder: an existing folder.
        recursive: search the subfolders too, also those that are links; hidden ones are left out.
        hint: what to do about images in subfolders.
        documents: PDF files count as images.

    Raises:
        DataError: there is no image; the message says which files are there instead.
        OSError: the folder cannot be read.
    """
    folder = Path(folder)
    closed: list[str] = []
    hidden: list[str] = []
    candidates = sorted(walk_files(folder, closed, hidden) if recursive else folder.iterdir())
    hidden += [file.name for file in candidates if is_hidden(file.name)]
    wanted = [file for file in candidates if is_image_name(file.name) or (documents and is_pdf(file.name))]
    found = [file for file in wanted if file.is_file()]
    deeper = "" if recursive else _in_subfolders(folder)
    parts = [unread_files(candidates, documents), f"{deeper}: {hint}" if deeper else "", _hidden_files(hidden)]
    parts.append(_closed_folders(closed))
    left_out = "; ".join(filter(None, parts))
    if found:
        return FolderImages(found, left_out)
    if left_out:
        where = "in it or its subfolders" if recursive else "at its top"
        raise DataError(f"{folder}: no image {where} that can be read; {left_out}")
    raise DataError(f"{folder}: no image in this folder; expected files ending in {', '.join(IMAGE_SUFFIXES)}")


def is_image_name(name: str) -> bool:
    """Whether the ending of a file name is that of an image that is read."""
    return name.lower().endswith(IMAGE_SUFFIXES) and not is_hidden(name)


def walk_files(folder: Path, closed: list[str] | None = None, hidden: list[str] | None = None) -> Iterator[Path]:
    """The files below a folder, also those in folders that are links; each folder is read once, hidden ones never.

    Hidden files are left out too.

    Args:
        folder: where to begin.
        closed: receives the paths of folders that cannot be read.
        hidden: receives the names of hidden files.
    """
    seen: set[tuple[int, int]] = set()

    def note(error: OSError) -> None:
        if closed is not None:
            closed.append(str(error.filename))

    for place, folders, names in os.walk(folder, onerror=note, followlinks=True):
        status = os.stat(place)  # noqa: PTH116  a string, from os.walk
        identity = (status.st_dev, status.st_ino)
        if identity in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(identity)
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        if hidden is not None:
            hidden += [name for name in names if is_hidden(name)]
        yield from (Path(place, name) for name in names if not is_hidden(name))


def unread_files(files: Iterable[Path], documents: bool = False) -> str:
    """A sentence part about files of kinds that are not read, with their number, endings and an example, or empty.

    Args:
        documents: PDF files are read.
    """
    named = (file for file in files if file.suffix.lower() in UNREAD_SUFFIXES and not (documents and is_pdf(file)))
    unread = [file for file in named if not is_hidden(file.name) and file.is_file()]
    if not unread:
        return ""
    kinds = ", ".join(dict.fromkeys(file.suffix.lower() for file in unread))
    number = "1 file of a kind that is" if len(unread) == 1 else f"{len(unread)} files of kinds that are"
    return f"{number} not read ({kinds}), such as {unread[0].name}: convert to JPEG or PNG"


def _hidden_files(names: list[str]) -> str:
    images = sorted(name for name in names if name.lower().endswith(IMAGE_SUFFIXES))
    if not images:
        return ""
    return f"{len(images)} hidden file{'s' if len(images) != 1 else ''} such as {images[0]}"


def _closed_folders(closed: list[str]) -> str:
    if not closed:
        return ""
    number = "1 folder that cannot" if len(closed) == 1 else f"{len(closed)} folders that cannot"
    return f"{number} be read, such as {closed[0]}: change the permissions"


def _in_subfolders(folder: Path) -> str:
    """How many images the subfolders hold, with an example; empty where they hold none."""
    number, first, looked_at = 0, "", 0
    below = (file for file in walk_files(folder) if file.parent != folder)
    for file in islice(below, _MOST_LOOKED_AT):
        looked_at += 1
        if is_image_name(file.name):
            number += 1
            first = first or str(file.relative_to(folder))
    if not number:
        return ""
    count = f"at least {number}" if looked_at == _MOST_LOOKED_AT else str(number)
    return f"{count} image{'s' if number != 1 else ''} in subfolders such as {first}"
