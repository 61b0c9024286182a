"""Folders and zip archives with one text file per image. Archives are not trusted."""

from __future__ import annotations

import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mindocr.errors import DataError

LARGEST_FILE = 8 << 20  # bytes after unpacking; a text file of 1000 polygons has about 0.2 MiB
LARGEST_SUM = 512 << 20
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, NotImplementedError,
    ValueError, OverflowError, IndexError,
)  # fmt: skip


@contextmanager
def opened(path: Path, suffixes: Sequence[str]) -> Iterator[list[Path]]:
    """Yield the files of a folder that have one of these endings, or all files of an archive, sorted by name.

    An archive is unpacked into a temporary folder; errors raised inside the block name the archive.

    Raises:
        DataError: no such file, or the archive is damaged, encrypted, has folders or is too large.
    """
    if path.is_dir():
        files = [file for file in path.iterdir() if file.suffix.lower() in suffixes and file.is_file()]
        yield _sorted(files, path, suffixes)
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield _sorted(_unpack(path, Path(folder), suffixes), path, suffixes)
        except DataError as error:
            raise DataError(str(error).replace(folder, str(path))) from None


def _sorted(files: list[Path], path: Path, suffixes: Sequence[str]) -> list[Path]:
    if not files:
        raise DataError(f"{path}: no file ending in {' or '.join(suffixes)} in it; expected one for each image")
    return sorted(files, key=lambda file: file.name)


def _unpack(path: Path, folder: Path, suffixes: Sequence[str]) -> list[Path]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check(members, path, suffixes)
            for member in members:
                try:
                    content = archive.read(member)
                except OSError as error:
                    raise DataError(f"{path}/{member.filename}: cannot be unpacked ({error}); recreate it") from None
                (folder / member.filename).write_bytes(content)
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(f"{path}: this archive is damaged or of an unknown kind ({error}); recreate it") from None
    return list(folder.iterdir())


def _check(members: Sequence[zipfile.ZipInfo], path: Path, suffixes: Sequence[str]) -> None:
    """Check the headers; no more bytes are unpacked than a header states."""
    names = set()
    for member in members:
        where = f"{path}/{member.filename}"
        if member.filename != Path(member.filename).name or "\\" in member.filename:
            raise DataError(f"{where}: a folder inside the archive; expected the files at its top level")
        if Path(member.filename).suffix.lower() not in suffixes:
            raise DataError(f"{where}: expected only files ending in {' or '.join(suffixes)}; remove this one")
        if member.filename in names:
            raise DataError(f"{where}: occurs twice in the archive")
        if member.flag_bits & 1:
            raise DataError(f"{where}: is encrypted; create the archive without a password")
        if member.file_size > LARGEST_FILE:
            raise DataError(f"{where}: {member.file_size} bytes, too large for the texts of one image")
        names.add(member.filename)
    total = sum(member.file_size for member in members)
    if total > LARGEST_SUM:
        raise DataError(f"{path}: {total} bytes after unpacking; at most {LARGEST_SUM} are accepted")
