"""Files that an inspection writes, each with its folder."""

from __future__ import annotations

from pathlib import Path

from mindocr.errors import DataError
from mindocr.utils import files


def make_place(path: Path) -> None:
    """Make the folder that a file is to stand in, so that a long run does not fail at its end.

    Raises:
        DataError: it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path}: cannot write this file: {error.strerror}; choose another place") from None


def write_whole(path: Path, content: str) -> None:
    """Write a UTF-8 file whole or not at all, with line feeds as they are, and its folder if need be.

    Raises:
        DataError: it cannot be written.
    """
    make_place(path)
    try:
        files.write_text(path, content)
    except OSError as error:
        raise DataError(f"{path}: cannot write this file: {error.strerror}; choose another place") from None
