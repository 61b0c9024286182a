"""Search of a folder for files by their endings: links are followed, hidden files are passed over and counted."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

# Folders and files that operating systems, network drives and notebooks add without being asked.
_ADDED = frozenset((
    "__macosx", "@eadir", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found",
    "thumbs.db", "desktop.ini", "icon\r",
))  # fmt: skip


@dataclass
class FoundFiles:
    """Result of a search.

    Attributes:
        files: the files, sorted by path.
        hidden: hidden folders, and hidden files with a wanted ending, relative to the folder.
        broken: a sentence for each link that leads nowhere and each folder that cannot be read.
    """

    files: list[Path] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, such as ``.ipynb_checkpoints``, ``._a.json``, ``__MACOSX``."""
    return name.startswith(".") or name.lower() in _ADDED


def find_files(folder: Path, suffixes: Collection[str], recursive: bool = True) -> FoundFiles:
    """The files in a folder that have one of these endings, in any case.

    A folder that is a link is searched like any other. Each folder is searched once: links that lead in a circle end,
    and if several paths lead to a folder, the one without links is used.

    Args:
        folder: an existing folder; it may itself be hidden.
        suffixes: endings in lower case, such as ``.json``.
        recursive: search the folders below it too.

    Raises:
        OSError: the folder itself cannot be read.
    """
    found = FoundFiles()
    seen: set[tuple[int, int]] = set()
    places = [folder]
    links: list[Path] = []
    while places or links:
        place = places.pop() if places else links.pop(0)
        try:
            status = place.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(place) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if place == folder:
                raise
            found.broken.append(f"{place}: this folder cannot be read ({error.strerror})")
            continue
        for entry in listed:
            path = place / entry.name
            wanted = path.suffix.lower() in suffixes
            kind = _kind(entry)
            if is_hidden(entry.name):
                if kind == "folder" or (kind == "file" and wanted):
                    found.hidden.append(str(path.relative_to(folder)))
            elif kind == "folder" and recursive:
                (links if entry.is_symlink() else places).append(path)
            elif kind == "file" and wanted:
                found.files.append(path)
            elif kind == "broken" and (wanted or not path.suffix):
                found.broken.append(f"{path}: a link to {os.readlink(path)}, which does not exist")  # noqa: PTH115
    found.files.sort()
    return found


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        return "broken" if entry.is_symlink() and not Path(entry.path).exists() else "other"
    except OSError:  # links that lead to each other
        return "broken" if entry.is_symlink() else "other"
