"""Cache of images as files on a local disk, for data on a slow disk or images that are slow to decode."""

from __future__ import annotations

import hashlib
import logging
import math
import mmap
import os
import time
from pathlib import Path

import numpy as np

from mindocr.data.loading.shared_memory import AVAILABLE, SharedBlock
from mindocr.errors import DataError
from mindocr.utils import files

logger = logging.getLogger(__name__)

_SUFFIX, _PARTIAL = ".image", ".part"
_HEADER = 16  # two 64-bit numbers: height and width, or number of bytes and 0
_ABANDONED = 3600  # seconds after which an incomplete file is considered abandoned


class DiskCache:
    """One file per image; its name depends on the image's path, size and modification time.

    A modified image therefore gets a new file. Files are written atomically, so several processes and runs may use one
    folder. When a cache is opened, incomplete files are removed, and the oldest files until the others fit.

    Args:
        folder: folder of the files; created if it does not exist.
        limit: largest size in bytes.
        holds_pixels: see :class:`~mindocr.data.transforms.load.Store`.

    Raises:
        DataError: the folder cannot be created or written to.
    """

    def __init__(self, folder: Path, limit: int, *, holds_pixels: bool) -> None:
        self.holds_pixels = holds_pixels
        self.folder = folder
        self._limit = limit
        self._shared = SharedBlock(16) if AVAILABLE else None
        self._connect()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._totals[0] = self._tidy()
            _write(folder / f"writable{_SUFFIX}", b"")
            (folder / f"writable{_SUFFIX}").unlink(missing_ok=True)
        except OSError as error:
            raise DataError(
                f"{folder}: cannot write the image cache here: {error.strerror}; choose another cache_dir"
            ) from None

    def __getstate__(self) -> dict:
        return {key: value for key, value in vars(self).items() if key != "_totals"}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._connect()

    def _connect(self) -> None:
        shared = np.zeros(16, dtype=np.uint8) if self._shared is None else self._shared.array(16)
        self._totals = shared.view(np.int64)  # bytes in use, 1 = full; of all workers

    def get(self, path: str, form: str) -> np.ndarray | None:
        """The cached content of a file: (H, W, 3) or (N,) uint8, read-only, memory-mapped; None if it is not cached."""
        file = self._path_of(path, form)
        if file is None:
            return None
        try:
            with file.open("rb") as stream:
                mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # there is no such file, or it is empty
            return None
        height, width = np.frombuffer(mapped, dtype=np.uint64, count=2).tolist() if len(mapped) >= _HEADER else (0, 0)
        shape = (height, width, 3) if width else (height,)
        if len(mapped) != _HEADER + math.prod(shape):
            file.unlink(missing_ok=True)
            return None
        return np.frombuffer(mapped, dtype=np.uint8, offset=_HEADER).reshape(shape)

    def put(self, path: str, form: str, content: np.ndarray) -> None:
        """Store the content of a file, if there is room."""
        file = self._path_of(path, form)
        if self._totals[1] or file is None:
            return
        if self._totals[0] + content.nbytes > self._limit:
            self._warn_full(f"it has {self._totals[0]} bytes, with a cache_limit of {self._limit}")
            return
        shape = np.array([content.shape[0], content.shape[1] if content.ndim == 3 else 0], dtype=np.uint64)
        try:
            _write(file, shape.tobytes() + content.tobytes())
        except OSError as error:
            self._warn_full(str(error.strerror))
            return
        self._totals[0] += content.nbytes + _HEADER

    def _warn_full(self, why: str) -> None:
        self._totals[1] = 1
        logger.warning("cache: %s is full: %s; other images are read from their files", self.folder, why)

    def _path_of(self, path: str, form: str) -> Path | None:
        """The cache file of an image; None if the image does not exist."""
        try:
            status = os.stat(path)  # noqa: PTH116  takes half the time of Path.stat, for every sample
        except OSError:
            return None
        identity = f"{os.path.realpath(path)}|{status.st_mtime_ns}|{status.st_size}|{form}"
        # not the hash of utils/files.py, as the names of existing cache files must not change
        return self.folder / (hashlib.sha1(identity.encode()).hexdigest() + _SUFFIX)

    def _tidy(self) -> int:
        """Remove incomplete files, and the oldest files above the limit; returns the remaining bytes."""
        files = []
        for entry in self.folder.iterdir():
            try:
                status = entry.stat()
            except FileNotFoundError:  # another run removed it
                continue
            if entry.suffix == _SUFFIX:
                files.append((status.st_mtime, status.st_size, entry))
            elif entry.suffix == _PARTIAL and time.time() - status.st_mtime > _ABANDONED:
                entry.unlink(missing_ok=True)
        files.sort()
        used = sum(size for _, size, _ in files)
        for _, size, entry in files:
            if used <= self._limit:
                break
            entry.unlink(missing_ok=True)
            used -= size
        return used


def _write(file: Path, content: bytes) -> None:
    with files.replacing(file) as partial:
        partial.touch(mode=0o600)  # other users may have access to the folder, but not to the images
        partial.write_bytes(content)
