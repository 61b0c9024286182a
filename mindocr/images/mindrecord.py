"""Images and labels in MindRecord files, read without MindSpore.

A MindRecord is one file or several shards, each with an index beside it, an SQLite file ``<shard>.db``. A shard begins
with the size of its header (uint64, little endian) and the header, a JSON text; pages of equal size follow. The index
has one row for each row of the shard: place of its bytes, and the values of all its columns except bytes.

``mindocr make-mindrecord`` writes one row per image, with the columns ``COLUMNS``. An image has the path
``<shard>/<name>``, so that everything that reads image files by their paths can read it too.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mindocr.errors import DataError

# Columns and their types: bytes of the image file; name of the image; its size in pixels, upright; a JSON list with one
# entry per sample (see data/datasets/mindrecord.py); CRC-32 of the image, and of name and samples.
COLUMNS = {
    "image": "bytes", "name": "string", "height": "int32", "width": "int32", "samples": "string",
    "image_crc": "int64", "label_crc": "int64",
}  # fmt: skip
INDEXED = tuple(name for name, kind in COLUMNS.items() if kind != "bytes")

_REMEDY = "copy it again, or write it again with 'mindocr make-mindrecord'"
_LENGTH = 8  # bytes of a number
_LARGEST_HEADER = 1 << 28
_MOST_OPEN = 1024  # shards whose indexes stay in memory


class Row(NamedTuple):
    """One image: where its bytes are in the shard, their CRC-32, its samples as JSON, and its (h, w)."""

    start: int
    size: int
    crc: int
    samples: str
    height: int
    width: int


class Shard(NamedTuple):
    """A shard with its rows by the name of the image, and the facts that its writer noted."""

    rows: dict[str, Row]
    facts: dict[str, Any]
    addresses: list[str]


def find_shards(path: Path) -> list[Path]:
    """All shards of a MindRecord.

    Args:
        path: the MindRecord without the number of a shard, or one of its shards.

    Raises:
        DataError: there is no such file, it is no MindRecord, or shards or their indexes are missing.
    """
    first = path if path.is_file() else _any_shard(path)
    if first is None:
        raise DataError(f"{path}: no such MindRecord file; check data_dir, or write it with 'mindocr make-mindrecord'")
    names = _header(first)["shard_addresses"]
    missing = [f"{name}{end}" for name in names for end in ("", ".db") if not (first.parent / f"{name}{end}").is_file()]
    if missing:
        raise DataError(
            f"{path}: {len(missing)} of the {2 * len(names)} files of this MindRecord are missing, such as "
            f"{missing[0]}; copy all of them into {first.parent}"
        )
    return [first.parent / name for name in names]


def _any_shard(path: Path) -> Path | None:
    number = re.compile(re.escape(path.name) + r"\d+")
    folder = path.parent
    names = sorted(entry.name for entry in folder.iterdir() if number.fullmatch(entry.name)) if folder.is_dir() else []
    return folder / names[0] if names else None


def open_shard(path: Path) -> Shard:
    """Header and index of a shard, checked; later calls with the same files return the same object.

    Raises:
        DataError: the shard or its index is missing, damaged, cut short, or was not written by mindocr.
    """
    return _open(path, _state(path), _state(Path(f"{path}.db")))


def shard_of(path: str) -> str | None:
    """The shard that a path leads into; None if there is none."""
    above = os.path.dirname(path)  # noqa: PTH120  fast
    while above and not os.path.isdir(above):  # noqa: PTH112
        if os.path.isfile(above):  # noqa: PTH113
            return above if os.path.isfile(f"{above}.db") else None  # noqa: PTH113
        above = os.path.dirname(above)  # noqa: PTH120
    return None


def read_inside(path: str, shard: str) -> bytes:
    """The bytes of the image at ``path`` in ``shard``.

    Raises:
        DataError: there is no such image, or its bytes are damaged.
    """
    row = open_shard(Path(shard)).rows.get(path[len(shard) + 1 :])
    if row is None:
        raise DataError(f"{path}: the MindRecord file has no image of this name")
    try:
        with open(shard, "rb") as stream:  # noqa: PTH123  fast
            stream.seek(row.start)
            content = stream.read(row.size)
    except OSError as error:
        raise DataError(f"{path}: cannot read the MindRecord file: {error.strerror}") from None
    if zlib.crc32(content) != row.crc:
        raise DataError(
            f"{path}: the bytes of this image do not have the checksum that was written with them: the MindRecord "
            f"file is damaged; {_REMEDY}"
        )
    return content


def label_checksum(name: str, samples: str) -> int:
    """CRC-32 of the name of an image and its samples."""
    return zlib.crc32(f"{name}\n{samples}".encode("utf-8", "surrogatepass"))


def _state(path: Path) -> tuple[int, int]:
    """Size and modification time of a file: another state is read again."""
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot read this part of a MindRecord: {error.strerror}; {_REMEDY}") from None
    return status.st_size, status.st_mtime_ns


@lru_cache(_MOST_OPEN)
def _open(path: Path, state: tuple[int, int], index_state: tuple[int, int]) -> Shard:
    header = _header(path)
    facts = _facts(path, header)
    rows = dict(_rows(path, header))
    end = max((row.start + row.size for row in rows.values()), default=0)
    if end > state[0]:
        raise DataError(f"{path}: the file has {state[0]} bytes, expected {end} or more: it was cut short; {_REMEDY}")
    return Shard(rows, facts, header["shard_addresses"])


def _header(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            size = int.from_bytes(stream.read(_LENGTH), "little")
            header: dict[str, Any] = json.loads(stream.read(size) if size < _LARGEST_HEADER else b"")
        _ = header["schema"][0]["schema"], [str(name) for name in header["shard_addresses"]]
        _ = header["header_size"] + header["page_size"]
    except OSError as error:
        raise DataError(f"{path}: cannot read this file: {error.strerror}") from None
    except (ValueError, LookupError, TypeError):
        raise DataError(f"{path}: this is no MindRecord file, or its beginning is damaged; {_REMEDY}") from None
    return header


def _facts(path: Path, header: dict[str, Any]) -> dict[str, Any]:
    """What the writer noted in the description of the schema."""
    schema = header["schema"][0]
    types = {name: each.get("type") for name, each in schema["schema"].items()}
    try:
        facts = json.loads(schema["desc"])
    except (ValueError, LookupError, TypeError):
        facts = None
    if types != COLUMNS or not isinstance(facts, dict):
        raise DataError(
            f"{path}: expected a MindRecord with the columns {', '.join(COLUMNS)}, got {', '.join(types)}; other "
            "programs store other columns: write it from the images with 'mindocr make-mindrecord'"
        )
    return facts


def _rows(path: Path, header: dict[str, Any]) -> Iterator[tuple[str, Row]]:
    columns = ", ".join(f"{name}_0" for name in ("name", "samples", "image_crc", "label_crc", "height", "width"))
    query = f"SELECT PAGE_ID_BLOB, PAGE_OFFSET_BLOB, PAGE_OFFSET_BLOB_END, {columns} FROM INDEXES ORDER BY ROW_ID"
    index = Path(f"{path}.db")
    try:
        connection = sqlite3.connect(f"{index.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            found = connection.execute(query).fetchall()
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise DataError(f"{index}: the index of this MindRecord file is damaged: {error}; {_REMEDY}") from None
    for page, begin, end, name, samples, crc, label_crc, height, width in found:
        if label_checksum(str(name), str(samples)) != label_crc:
            raise DataError(
                f"{index}: the labels of {name} do not have the checksum that was written with them: the index is "
                f"damaged; {_REMEDY}"
            )
        start = header["header_size"] + header["page_size"] * page + begin + _LENGTH
        yield name, Row(start, end - begin - _LENGTH, crc, samples, height, width)
    expected = max((page["end_row_id"] for page in header["page"] if page["page_type"] == "BLOB_DATA"), default=0)
    if len(found) != expected:
        raise DataError(
            f"{index}: this index has {len(found)} rows, its MindRecord file {expected}: they do not belong together, "
            f"or the index was cut short; {_REMEDY}"
        )
