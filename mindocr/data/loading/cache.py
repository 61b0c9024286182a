"""Caches of images in memory or on a local disk, shared by all worker processes."""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from mindocr.data.loading.disk_cache import DiskCache
from mindocr.data.loading.shared_memory import AVAILABLE, SharedBlock, available_memory
from mindocr.data.transforms.load import Store
from mindocr.errors import ConfigError
from mindocr.utils.paths import expand_home

logger = logging.getLogger(__name__)

Kind = Literal["none", "ram", "disk"]
Content = Literal["decoded", "encoded"]

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
_SHARE = 0.8  # of the memory available at the start
_RESERVE = 512 * 2**20  # bytes that stay available for other purposes


def open_cache(kind: Kind, content: Content, limit: int | str, folder: str, paths: Sequence[str]) -> Store | None:
    """Create the cache of a data set; None for ``none``.

    Args:
        kind: ``ram``: memory shared by the workers of this process, freed at its end; ``disk``: files in ``folder``,
            which later runs reuse.
        content: ``decoded`` keeps pixels, ``encoded`` the bytes of the files: 10 to 30 times as many images,
            but each is decoded every time.
        limit: largest size in bytes, or such as ``8GB``.
        folder: folder of the disk cache; empty = ``$XDG_CACHE_HOME/mindocr``, else ``~/.cache/mindocr``.
        paths: every image of the data set.

    Raises:
        ConfigError: the limit is invalid, or the system does not support this kind.
    """
    if kind == "none":
        return None
    size = parse_size("cache_limit", limit)
    if kind == "disk":
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return DiskCache(
            Path(expand_home(folder)) if folder else root / "mindocr", size, holds_pixels=content == "decoded"
        )
    if not AVAILABLE:
        raise ConfigError("cache: ram needs Linux (memfd_create); use disk or none")
    room = int(available_memory() * _SHARE)
    if size > room:
        logger.warning("cache_limit: %s is more than the free memory: using %s", readable(size), readable(room))
    return RamCache(paths, min(size, room), holds_pixels=content == "decoded")


class RamCache:
    """Images in memory that all workers read without copying; the first worker that reads an image stores it.

    Images that do not fit are read from their files every time; this is logged once.

    Args:
        paths: every image of the data set.
        limit: largest size in bytes.
        holds_pixels: see :class:`~mindocr.data.transforms.load.Store`.
    """

    def __init__(self, paths: Sequence[str], limit: int, *, holds_pixels: bool) -> None:
        self.holds_pixels = holds_pixels
        self._limit = limit
        self._paths = list(dict.fromkeys(paths))
        self._data = SharedBlock(limit)
        self._index = SharedBlock(8 * 4 * (len(self._paths) + 1))
        self._connect()

    def __getstate__(self) -> dict:
        return {key: getattr(self, key) for key in ("holds_pixels", "_limit", "_paths", "_data", "_index")}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._connect()

    def _connect(self) -> None:
        self._index_of = {path: i for i, path in enumerate(self._paths)}
        table = self._index.array(8 * 4 * (len(self._paths) + 1)).view(np.int64).reshape(-1, 4)
        # a row per image: 1 = complete, first byte, height (or number of bytes), width (or 0 for bytes)
        self._rows, self._totals = table[:-1], table[-1]  # bytes in use, images, 1 = full, bytes at the last check
        self._bytes = self._data.array(self._limit)
        self._seen = np.zeros(len(self._paths), dtype=bool)

    def __len__(self) -> int:
        return int(self._totals[1])

    @property
    def used(self) -> int:
        """Bytes in use."""
        return int(self._totals[0])

    def get(self, path: str, form: str = "") -> np.ndarray | None:
        """The cached content of a file: (H, W, 3) or (N,) uint8, read-only, not a copy; None if it is not cached."""
        i = self._index_of[path]
        if not self._seen[i]:
            if not self._rows[i, 0]:
                return None
            with self._index.locked():  # so that this CPU core sees the pixels, not only their table row
                self._seen[i] = True
        _, start, height, width = self._rows[i].tolist()
        shape = (height, width, 3) if width else (height,)
        kept = self._bytes[start : start + math.prod(shape)].reshape(shape)
        kept.flags.writeable = False
        return kept

    def put(self, path: str, form: str, content: np.ndarray) -> None:
        """Store the content of a file, if there is room."""
        i = self._index_of[path]
        start = self._claim(i, content.nbytes)
        if start is None:
            return
        self._bytes[start : start + content.nbytes] = content.reshape(-1)
        with self._index.locked():
            if not self._rows[i, 0]:
                self._rows[i, 1:] = start, content.shape[0], content.shape[1] if content.ndim == 3 else 0
                self._rows[i, 0] = 1
                self._totals[1] += 1

    def _claim(self, i: int, size: int) -> int | None:
        """Reserve ``size`` bytes and return the position of the first; None if there is no room."""
        with self._index.locked():
            used, _, full, checked = self._totals.tolist()
            if full or self._rows[i, 0]:
                return None
            if used >= checked:  # every 64 MB: other processes may have used the memory
                full = available_memory() < _RESERVE
                self._totals[3] = used + 64 * 2**20
            if full or used + size > self._limit:
                self._totals[2] = 1
            else:
                self._totals[0] = used + -(-size // 64) * 64
                return used
        logger.warning(
            "cache: full: %d of %d images in %s; the others are read from their files each time (cache_limit)",
            len(self), len(self._paths), readable(used),
        )  # fmt: skip
        return None


def parse_size(key: str, value: int | str) -> int:
    """Bytes from a number, or from a text such as ``8GB`` (10^9) or ``512MiB`` (2^20).

    Raises:
        ConfigError: the value is neither, or not above 0.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?)?B?\s*", str(value).upper())
    size = int(float(found[1]) * _UNITS[found[2] or ""]) if found else 0
    if size <= 0:
        raise ConfigError(f"{key}: expected a number of bytes above 0, or a size such as 8GB or 512MiB, got {value!r}")
    return size


def readable(size: int) -> str:
    """Bytes as a text, such as ``8.0 GB``."""
    return next((f"{size / _UNITS[u]:.1f} {u}B" for u in "TGMK" if size >= _UNITS[u]), f"{size} bytes")
