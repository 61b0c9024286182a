"""Files of results that are written image by image: complete after each image, whenever the process ends.

Each write is one call of the operating system, and nothing is kept in memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mindocr.formats.label_file import to_json


class LineFile:
    """A text file that grows by lines.

    Args:
        path: any file of this name is replaced.
        keep: bytes of that file that stay; what follows them is cut off.
    """

    def __init__(self, path: Path, keep: int = 0) -> None:
        self._file = path.open("r+b" if keep else "wb", buffering=0)
        self._file.truncate(keep)
        self._file.seek(keep)

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._file.tell()

    def add(self, line: str) -> None:
        """Append a line, given without its line end.

        Raises:
            OSError: it cannot be written; the file keeps the lines before it.
        """
        _write(self._file, self._file.tell(), f"{line}\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class JsonArrayFile:
    """A JSON file with one array that grows; its content is the same as if the array were written at the end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._end = 0  # position of the closing bracket's line

    def add(self, value: Any) -> None:
        """Append a value of JSON to the array.

        Raises:
            OSError: it cannot be written; the file keeps the values before it.
        """
        start = ",\n " if self._end else "[\n "
        text = start + to_json(value, indent=1).replace("\n", "\n ")
        try:
            _write(self._file, self._end, f"{text}\n]\n")
        except OSError:
            if self._end:
                _write(self._file, self._end, "\n]\n")
            raise
        self._end += len(text.encode())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _write(file: Any, position: int, text: str) -> None:
    """Write all of the text at a position; if that fails, cut the file off there."""
    file.seek(position)
    content = memoryview(text.encode("utf-8"))
    try:
        while content:
            content = content[file.write(content) :]
    except OSError:
        file.seek(position)
        file.truncate()
        raise
