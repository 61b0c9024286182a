"""Atomic writing of files, and their hashes.

A file is written under a temporary name in the target folder and then renamed: a reader finds the old file or the new
one, never an incomplete one. The temporary name is different for each process and each call, begins with a dot and
contains ``.part``. A killed process leaves its temporary file behind; :func:`remove_parts` removes it.
"""

from __future__ import annotations

import filecmp
import glob
import hashlib
import logging
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

logger = logging.getLogger(__name__)

_BLOCK = 1 << 20  # bytes per read
_SHOWN = 40  # characters of the name that the temporary name contains; file systems allow 255 bytes


# What happens to an old file with other content: it is replaced without a message (files that a program keeps for
# itself), replaced and named in the log (results that the same command makes again), or kept under another name (files
# that a person may have changed).
Old = Literal["replace", "report", "keep"]


@contextmanager
def replacing(path: Path, suffix: str = "", old: Old = "replace") -> Iterator[Path]:
    """Yield a temporary path beside ``path``; the file or folder written there is then renamed to ``path``.

    When the block raises, the temporary file is removed and ``path`` does not change.

    Args:
        path: a file, or a folder that does not exist when the block ends.
        suffix: ending of the temporary name, for libraries that choose the format by it; by default ``.part``.
        old: what happens to a file ``path`` with other content, see ``Old``.

    Raises:
        OSError: the file cannot be renamed, or the block did not write it.
    """
    partial = path.with_name(f".{path.stem[:_SHOWN]}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part{suffix}")
    try:
        yield partial
        if old != "replace" and path.is_file() and not filecmp.cmp(path, partial, shallow=False):
            if old == "keep":
                logger.warning("%s: the file that was there is now %s", path, keep_old(path).name)
            else:
                logger.warning("%s: the file that was there is replaced", path)
        partial.replace(path)
    finally:
        remove(partial)


def keep_old(path: Path) -> Path:
    """Rename a file to the first free name ``<name>.earlier``, ``<name>.earlier_2``, ...; returns the new path.

    Raises:
        OSError: it cannot be renamed.
    """
    number, kept = 1, path.with_name(f"{path.name}.earlier")
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.earlier_{number}")
    return path.rename(kept)


def write_bytes(path: Path, content: bytes, old: Old = "replace") -> None:
    """Write a file atomically.

    Args:
        path, content: the file.
        old: what happens to an old file with other content, see ``Old``.

    Raises:
        OSError: it cannot be written; an old file does not change.
    """
    with replacing(path, old=old) as partial:
        partial.write_bytes(content)


def write_text(path: Path, text: str, old: Old = "replace") -> None:
    """Write a UTF-8 file atomically, without changing line ends; arguments as for :func:`write_bytes`.

    Raises:
        OSError: it cannot be written; an old file does not change.
    """
    write_bytes(path, text.encode("utf-8"), old)


def flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Remove a file (also a read-only one), or a folder with its content, if it exists."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    elif path.exists():
        path.chmod(0o644)
        path.unlink(missing_ok=True)


def remove_parts(folder: Path, stem: str = "") -> list[str]:
    """Remove the temporary files in ``folder`` that killed processes left behind.

    Args:
        folder: no other process may be writing to it, or to files of this stem.
        stem: only temporary files of targets with this name (without its ending); empty = all.

    Returns:
        Names of the removed files.
    """
    name = f".{glob.escape(stem[:_SHOWN])}.*" if stem else ".*"
    parts = list(folder.glob(f"{name}.part*"))
    for part in parts:
        remove(part)
    return [part.name for part in parts]


def hash_bytes(content: bytes) -> str:
    """SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def hash_file(path: str | Path) -> str:
    """SHA-256 of a file of any size, read in blocks; 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; False for a name that no file can have, such as one that is too long."""
    try:
        return path.exists()
    except (OSError, ValueError):  # Python 3.14 returns False itself
        return False
