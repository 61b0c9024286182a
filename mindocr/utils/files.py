"""Files that appear whole or not at all, and their hashes.

A file is written under a temporary name in the folder where it is to stand, and renamed at the end: a reader finds the
old file or the new one, never a part. The temporary name differs for each process and each call, begins with a dot and
holds ``.part``. A process that is killed leaves it behind; :func:`remove_parts` removes it.
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BLOCK = 1 << 20  # bytes that are read at a time
_SHOWN = 40  # characters of a name that its temporary name repeats: a file system takes 255 bytes


@contextmanager
def replacing(path: Path, suffix: str = "") -> Iterator[Path]:
    """Give a temporary path beside ``path``; the file or folder written there is then renamed to ``path``.

    Nothing is left of it when the block raises; ``path`` is then as it was before.

    Args:
        path: a file, or a folder that does not exist when the block ends.
        suffix: ending of the temporary name, where a library chooses the format by it; otherwise it is ``.part``.

    Raises:
        OSError: the file cannot be renamed, or the block has not written it.
    """
    partial = path.with_name(f".{path.stem[:_SHOWN]}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part{suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        remove(partial)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: it cannot be written; an old file is untouched.
    """
    with replacing(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all, with line ends as they are in ``text``.

    Raises:
        OSError: it cannot be written; an old file is untouched.
    """
    write_bytes(path, text.encode("utf-8"))


def flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Remove a file, also one that is read-only, or a folder with all that it holds, where there is one."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    elif path.exists():
        path.chmod(0o644)
        path.unlink(missing_ok=True)


def remove_parts(folder: Path, stem: str = "") -> list[str]:
    """Remove what killed processes have left of the files that they were writing to ``folder``.

    Args:
        folder: nobody else may be writing to it, or to the files of this stem.
        stem: only parts of files whose name without its ending is this; empty = all.

    Returns:
        The names of what was removed.
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
