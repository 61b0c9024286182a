"""What a run of reading has finished, so that it can be resumed at any time, also after it was killed.

The file has a line of JSON with the settings of the run, and then one for each image whose results are complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mindocr.errors import UserError
from mindocr.formats.label_file import to_json
from mindocr.formats.result_files import LineFile

FILE = "read_progress.jsonl"


class Journal:
    """The images that a run has finished.

    Args:
        folder: an existing folder, that of the results.
        settings: what the results depend on, by name.
        resume: continue the run whose journal is there, if there is one; otherwise a journal is replaced.

    Attributes:
        done: files that are finished, in that order.
        size: bytes of the results file after the last of them.

    Raises:
        UserError: the run there has other settings, or its journal is damaged.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], resume: bool = False) -> None:
        self.file = folder / FILE
        self.done: dict[str, None] = {}
        self.size = 0
        kept = 0
        for line, end in _lines(self.file) if resume and self.file.exists() else ():
            entry = _parsed(line, self.file)
            if not kept:
                _require_equal(entry, settings, folder)
            else:
                self.done[entry["image"]] = None
                self.size = entry["size"]
            kept = end
        self._lines = LineFile(self.file, kept)
        if not kept:
            self._lines.add(to_json(dict(settings)))

    def add(self, path: str, size: int) -> None:
        """Note that the results of an image are complete.

        Args:
            path: the image.
            size: bytes of the results file after it.
        """
        self._lines.add(to_json({"image": path, "size": size}))

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


def _lines(file: Path) -> Iterator[tuple[bytes, int]]:
    """The whole lines of a file, and the position after each; a line that was not written to its end is left out."""
    position = 0
    with file.open("rb") as stream:
        for line in stream:
            position += len(line)
            if line.endswith(b"\n"):
                yield line, position


def _parsed(line: bytes, file: Path) -> dict[str, Any]:
    try:
        entry: dict[str, Any] = json.loads(line)
        if isinstance(entry, dict) and ("image" not in entry or {"image", "size"} == set(entry)):
            return entry
    except ValueError:
        pass
    raise UserError(f"{file}: not the file of a run that can be resumed; remove it, or choose another folder")


def _require_equal(found: Mapping[str, Any], settings: Mapping[str, Any], folder: Path) -> None:
    other = next((name for name in settings if found.get(name) != settings[name]), None)
    if other is not None:
        raise UserError(
            f"--resume: the run in {folder} has {other} {found.get(other)!r}, and this one {settings[other]!r}; repeat "
            "its options, or choose another folder"
        )
