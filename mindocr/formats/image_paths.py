"""Image paths in label files that are written for another system or folder: where the image is in the image folder."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote

BACKSLASHES = "it has backslashes"
_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/])|\\\\[^\\/]+(?=[\\/])")  # C:\ and \\server\
_ADDRESS = re.compile(r"file:(?://localhost(?=/))?/*", re.I)


class Found(NamedTuple):
    """An image that is not at the path of its label line.

    Attributes:
        path: its path relative to the image folder, with ``/``.
        cause: how the path of the line differs, as a clause such as ``it has backslashes``.
        shortened: folders at the start of the line's path were left out, so that several paths may lead to one file.
    """

    path: str
    cause: str
    shortened: bool = False


class ImageFolder:
    """An image folder with the paths in it; every folder is listed once.

    Args:
        folder: folder that the paths of label lines are relative to.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        self._names: dict[str, set[str]] = {}
        self._folded: dict[str, dict[str, list[str]]] = {}

    def has(self, path: str) -> bool:
        """Whether there is a file or folder at ``path``, absolute or relative to the working directory."""
        parent, name = os.path.split(path)
        return name in self._names_in(parent)

    def find(self, name: str) -> Found | None:
        """Look for the image of a path that does not exist as it is written; None if it is nowhere in the folder.

        Args:
            name: image path as in the label line.
        """
        plain, cause = _plain(name)
        parts = [part for part in plain.split("/") if part not in ("", ".")]
        above = parts[::-1].index("..") if ".." in parts else len(parts)
        left_out, parts = len(parts) - above, parts[len(parts) - above :]
        for look in (self._exact, self._alike):
            for start in range(len(parts)):
                found = look(parts[start:])
                if found is None:
                    continue
                shortened = bool(start or left_out)
                if cause in ("", BACKSLASHES) and shortened:
                    cause = "it begins with folders that are not in the image folder"
                elif cause in ("", BACKSLASHES) and parts != found.split("/"):
                    cause = _difference(parts, found.split("/"))
                return Found(found, cause, shortened)
        return None

    def _exact(self, parts: list[str]) -> str | None:
        path = "/".join(parts)
        return path if self.has(os.path.join(self.folder, path)) else None  # noqa: PTH118  names are strings

    def _alike(self, parts: list[str]) -> str | None:
        """A path that differs only in letter case or in the Unicode form of its letters, if there is exactly one."""
        here: list[str] = []
        for part in parts:
            folder = os.path.join(self.folder, *here)  # noqa: PTH118
            if folder not in self._folded:
                self._folded[folder] = {}
                for name in self._names_in(folder):
                    self._folded[folder].setdefault(_fold(name), []).append(name)
            names = self._folded[folder].get(_fold(part), [])
            if len(names) != 1:
                return None
            here += names
        return "/".join(here)

    def _names_in(self, folder: str) -> set[str]:
        if folder not in self._names:
            try:
                with os.scandir(folder or ".") as entries:
                    self._names[folder] = {entry.name for entry in entries}
            except (OSError, ValueError):  # a name with a NUL
                self._names[folder] = set()
        return self._names[folder]


def cause_of(name: str) -> str:
    """What kind of foreign path a name is, as a clause; empty if it looks like a relative path of this system."""
    return _plain(name)[1]


def _plain(name: str) -> tuple[str, str]:
    """The path with ``/`` and without drive, address and leading slash, and what was unusual about it."""
    bare = name.strip().strip("\"'").strip()
    if bare != name:
        return _plain(bare)[0], _plain(bare)[1].replace(BACKSLASHES, "") or "it has blanks or quotes around it"
    address = _ADDRESS.match(name)
    if address:
        return unquote(name[address.end() :]), "it is a file:// address"
    drive = _DRIVE.match(name)
    if drive:
        return name[drive.end() :].replace("\\", "/"), "it is a Windows path with a drive"
    plain = name.replace("\\", "/")
    if plain.startswith("/"):
        return plain, "it is an absolute path of another computer or folder"
    return plain, BACKSLASHES if plain != name else ""


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _difference(written: list[str], found: list[str]) -> str:
    same_letters = [unicodedata.normalize("NFC", name) for name in written] == [
        unicodedata.normalize("NFC", name) for name in found
    ]
    return "its letters have another Unicode form" if same_letters else "it differs in upper and lower case"
