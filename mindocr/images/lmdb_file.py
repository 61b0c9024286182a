"""Images and labels in LMDB environments, the layout of the benchmarks of text recognition.

An environment is a folder with ``data.mdb``. Its keys are ``num-samples`` (a number as text), and for each sample, from
1, ``image-000000001`` (bytes of an image file) and ``label-000000001`` (text, UTF-8). An image has the path
``<folder>/image-000000001``, so that everything that reads image files by their paths can read it too.

An environment is opened when it is read for the first time, once in each process, for reading only and without a lock
file: so it may lie on a disk that cannot be written to. A spawned process opens it again; a forked one uses the memory
map of its parent, which without a lock is safe.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from mindocr.errors import ConfigError, DataError

FILE = "data.mdb"
_IMAGE, _LABEL, _COUNT = "image-%09d", "label-%09d", b"num-samples"
_REMEDY = "copy it again, or write it again"

_open: dict[str, Any] = {}  # environments by folder; LMDB must not open one twice in a process
_lock = threading.Lock()


def is_installed() -> bool:
    """Whether LMDB environments can be read here."""
    try:
        import lmdb  # noqa: F401
    except ImportError:
        return False
    return True


def image_path(folder: str, number: int) -> str:
    """The path of image ``number``, from 1."""
    return f"{folder}/{_IMAGE % number}"


def label_path(folder: str, number: int) -> str:
    """How messages name label ``number``, from 1."""
    return f"{folder}/{_LABEL % number}"


def find_lmdbs(place: Path) -> list[Path]:
    """The environments at a place: the folder itself if it has a ``data.mdb``, else all below it, sorted.

    Raises:
        DataError: there is no such folder, or no environment in it.
    """
    if place.name == FILE and place.is_file():
        place = place.parent
    if not place.is_dir():
        found = "it is a file" if place.exists() else "no such folder"
        raise DataError(f"{place}: {found}; expected a folder with {FILE}, or a folder of such folders; check data_dir")
    if (place / FILE).is_file():
        return [place]
    found_below = sorted(Path(parent) for parent, _, names in os.walk(place, followlinks=True) if FILE in names)
    if not found_below:
        raise DataError(
            f"{place}: no LMDB environment: neither it nor a folder below it has a file {FILE}; check data_dir"
        )
    return found_below


def count_samples(folder: str) -> int:
    """The value of ``num-samples``.

    Raises:
        ConfigError: the package lmdb is not installed.
        DataError: the environment cannot be opened, is cut short, or has no such number.
    """
    value = _get(folder, _COUNT)
    if value is None:
        raise DataError(f"{folder}: the LMDB environment has no key num-samples; {_expected(folder)}")
    if not value.strip().isdigit():
        raise DataError(f"{folder}: num-samples is {value[:40]!r}, expected a number; {_REMEDY}")
    return int(value)


def read_labels(folder: str) -> Iterator[tuple[int, bytes]]:
    """Yield (number, label) of every label, in order; much faster than one by one.

    Raises:
        ConfigError, DataError: as :func:`count_samples`.
    """
    environment = _environment(folder)
    prefix = b"label-"
    with environment.begin(buffers=False) as transaction, transaction.cursor() as cursor:
        if not cursor.set_range(prefix):
            return
        for key, value in cursor.iternext():
            if not key.startswith(prefix):
                return
            digits = key[len(prefix) :]
            if digits.isdigit():
                yield int(digits), value


def read_label(folder: str, number: int) -> str:
    """The label of sample ``number``.

    Raises:
        DataError: there is none, or it is not UTF-8.
    """
    value = _get(folder, (_LABEL % number).encode())
    if value is None:
        raise DataError(f"{label_path(folder, number)}: the LMDB environment has no such key; {_REMEDY}")
    return decode_label(value, folder, number)


def decode_label(value: bytes, folder: str, number: int) -> str:
    """The text of a label.

    Raises:
        DataError: it is not UTF-8.
    """
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{label_path(folder, number)}: the label is not UTF-8 (byte {error.start} of {value[:40]!r}); write the "
            "environment again with UTF-8 labels"
        ) from None


def lmdb_of(path: str) -> tuple[str, int] | None:
    """Folder and number of an image inside an environment; None if the path leads to no environment."""
    folder, _, name = path.rpartition("/")
    digits = name.removeprefix("image-")
    if digits == name or len(digits) < 9 or not digits.isdigit():
        return None
    if _real(folder) not in _open and not os.path.isfile(f"{folder}/{FILE}"):  # noqa: PTH113  fast
        return None
    return folder, int(digits)


def read_inside(folder: str, number: int) -> bytes:
    """The bytes of image ``number``.

    Raises:
        ConfigError: the package lmdb is not installed.
        DataError: there is no such image, or the environment cannot be opened.
    """
    value = _get(folder, (_IMAGE % number).encode())
    if value is None:
        raise DataError(f"{image_path(folder, number)}: the LMDB environment has no such key; {_REMEDY}")
    return value


def _get(folder: str, key: bytes) -> bytes | None:
    # A transaction of its own: one must not be used by two threads at a time.
    with _environment(folder).begin(buffers=False) as transaction:
        value: bytes | None = transaction.get(key)
        return value


def _environment(folder: str) -> Any:
    """The environment of this process, opened if necessary."""
    place = _real(folder)
    environment = _open.get(place)
    if environment is None:
        with _lock:
            environment = _open.get(place)
            if environment is None:
                environment = _open[place] = _opened(folder)
    return environment


@lru_cache(maxsize=4096)
def _real(folder: str) -> str:
    return os.path.realpath(folder)


def _opened(folder: str) -> Any:
    try:
        import lmdb
    except ImportError:
        raise ConfigError(f"{folder}: LMDB files need lmdb; install it with: pip install lmdb") from None
    file = f"{folder}/{FILE}"
    size = os.path.getsize(file) if os.path.isfile(file) else 0  # noqa: PTH113, PTH202
    if size == 0:
        found = "is empty" if os.path.isfile(file) else "does not exist"  # noqa: PTH113
        raise DataError(f"{file}: this file of an LMDB environment {found}; {_REMEDY}")
    try:
        # Without a lock, any number of processes may read; pages are read ahead only by the system's own choice.
        environment = lmdb.open(folder, readonly=True, lock=False, readahead=False, meminit=False, create=False)
    except (lmdb.Error, OSError) as error:
        reason = str(error).removeprefix(f"{folder}: ")
        raise DataError(f"{file}: not an LMDB environment that can be read ({reason}); {_REMEDY}") from None
    needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    if size < needed:  # reading behind the end would kill the process
        environment.close()
        raise DataError(f"{file}: cut short: it has {size} of {needed} bytes; {_REMEDY}")
    return environment


def _expected(folder: str) -> str:
    keys = []
    with _environment(folder).begin() as transaction, transaction.cursor() as cursor:
        for key in cursor.iternext(values=False):
            keys.append(repr(bytes(key)[:40]))
            if len(keys) == 3:
                break
    found = f"its first keys are {', '.join(keys)}" if keys else "it is empty"
    return f"expected num-samples, image-000000001, label-000000001, ...; {found}"
