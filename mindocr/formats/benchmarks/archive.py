"""Folders and zip archives with one text file per image. Archives are not trusted."""

from __future__ import annotations

import logging
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from mindocr.errors import DataError
from mindocr.utils.search import find_files, is_hidden

LARGEST_FILE = 8 << 20  # bytes after unpacking; a text file of 1000 polygons has about 0.2 MiB
LARGEST_SUM = 512 << 20
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz")
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, NotImplementedError,
    ValueError, OverflowError, IndexError,
)  # fmt: skip


logger = logging.getLogger(__name__)


@contextmanager
def opened(path: Path, suffixes: Sequence[str]) -> Iterator[list[Path]]:
    """Yield the files of a folder or an archive that have one of these endings, sorted by name.

    If there is none at the top level, but all are in one folder, that folder is used, with a message. Files that
    operating systems add, such as ``__MACOSX``, are passed over. An archive is unpacked into a temporary folder; errors
    raised inside the block name the archive.

    Raises:
        DataError: no such file, or the archive is damaged, encrypted, too large, has other files, or several folders.
    """
    if path.is_dir():
        yield _in_folder(path, suffixes)
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield _sorted(_unpack(path, Path(folder), suffixes), path, suffixes)
        except DataError as error:
            raise DataError(str(error).replace(folder, str(path))) from None


def _in_folder(path: Path, suffixes: Sequence[str]) -> list[Path]:
    found = find_files(path, suffixes, recursive=False)
    if not found.files:
        found = find_files(path, suffixes)
        parents = sorted({file.parent for file in found.files})
        if len(parents) > 1:
            shown = ", ".join(str(parent.relative_to(path)) for parent in parents[:3])
            raise DataError(f"{path}: its files are in {len(parents)} folders ({shown}); give one of them")
        if parents:
            logger.warning("%s: the files are read from its folder %s", path, parents[0].relative_to(path))
    if found.hidden:
        logger.warning(
            "%s: %d hidden files or folders passed over, such as %s", path, len(found.hidden), found.hidden[0]
        )
    for problem in found.broken:
        logger.warning("%s; passed over", problem)
    return _sorted(found.files, path, suffixes)


def _sorted(files: list[Path], path: Path, suffixes: Sequence[str]) -> list[Path]:
    if not files:
        raise DataError(f"{path}: no file ending in {' or '.join(suffixes)} in it; expected one for each image")
    return sorted(files, key=lambda file: file.name)


def _unpack(path: Path, folder: Path, suffixes: Sequence[str]) -> list[Path]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name, member in _checked(archive.infolist(), path, suffixes).items():
                try:
                    content = archive.read(member)
                except OSError as error:
                    raise DataError(f"{path}/{member.filename}: cannot be unpacked ({error}); recreate it") from None
                (folder / name).write_bytes(content)
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(f"{path}: this archive is damaged or of an unknown kind ({error}); recreate it") from None
    return list(folder.iterdir())


def _checked(members: Sequence[zipfile.ZipInfo], path: Path, suffixes: Sequence[str]) -> dict[str, zipfile.ZipInfo]:
    """The files by their name, after a check of their headers; no more bytes are unpacked than a header states."""
    files: dict[str, zipfile.ZipInfo] = {}
    folders: dict[str, str] = {}
    added = 0
    for member in members:
        where = f"{path}/{member.filename}"
        inside = PurePosixPath(member.filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or any(":" in part for part in inside.parts):
            raise DataError(f"{where}: a path that leads out of the archive; recreate it")
        if any(is_hidden(part) for part in inside.parts):
            added += 1
            continue
        if member.is_dir() or member.filename.endswith("\\") or not inside.name:
            continue
        if inside.suffix.lower() not in suffixes:
            what = (
                "an archive inside the archive: unpack it" if inside.suffix.lower() in _ARCHIVES else "remove this one"
            )
            raise DataError(f"{where}: expected only files ending in {' or '.join(suffixes)}; {what}")
        if inside.name in files and str(inside.parent) in folders:
            raise DataError(f"{where}: occurs twice in the archive")
        if member.flag_bits & 1:
            raise DataError(f"{where}: is encrypted; create the archive without a password")
        if member.file_size > LARGEST_FILE:
            raise DataError(f"{where}: {member.file_size} bytes, too large for the texts of one image")
        files[inside.name] = member
        folders.setdefault(str(inside.parent), member.filename)
    if len(folders) > 1:
        first, second = list(folders.values())[:2]
        raise DataError(
            f"{path}/{second}: a folder inside the archive, while {first} is in another one; expected all files at the "
            "top level, or in one folder"
        )
    total = sum(member.file_size for member in files.values())
    if total > LARGEST_SUM:
        raise DataError(f"{path}: {total} bytes after unpacking; at most {LARGEST_SUM} are accepted")
    if folders and "." not in folders:
        logger.warning("%s: the files are read from its folder %s", path, next(iter(folders)))
    if added:
        logger.warning(
            "%s: %d files that an operating system has added passed over (__MACOSX and the like)", path, added
        )
    return files
