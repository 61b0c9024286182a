"""Output files of an inspection."""

from __future__ import annotations

from pathlib import Path

from mindocr.errors import DataError
from mindocr.utils import files


def make_place(path: Path) -> None:
    """Create the folder of an output file, so that a long inspection does not fail at its end.

    Raises:
        DataError: it cannot be created.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path}: cannot write this file: {error.strerror}; choose another path") from None


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file atomically, a text as UTF-8 without changing line feeds; its folder is created if needed.

    Raises:
        DataError: it cannot be written.
    """
    make_place(path)
    try:
        files.write_bytes(path, content.encode("utf-8") if isinstance(content, str) else content)
    except OSError as error:
        raise DataError(f"{path}: cannot write this file: {error.strerror}; choose another path") from None
