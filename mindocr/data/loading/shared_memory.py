"""Memory that several processes share, freed without explicit cleanup.

A block is an unnamed file in memory (``memfd_create`` of Linux). It does not depend on the size of /dev/shm, which is
small in containers, and the system frees it after the end of the last process that uses it, even if that was killed.
"""

from __future__ import annotations

import fcntl
import itertools
import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

_numbers = itertools.count()
AVAILABLE = hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir()


class SharedBlock:
    """A block of shared bytes. When pickled and sent to another process of the same user, it opens the same bytes.

    Args:
        size: bytes; memory is allocated only where data are written.

    Attributes:
        address: identifies the block; the same in all processes that have it open.
    """

    def __init__(self, size: int = 0) -> None:
        self._own(os.memfd_create("mindocr"))
        # the number makes it unique, as file descriptors are reused
        self.address = os.getpid(), self._fd, next(_numbers)
        self.reserve(size)

    def __reduce__(self) -> tuple:
        return SharedBlock._open, self.address

    @classmethod
    def _open(cls, pid: int, fd: int, number: int) -> SharedBlock:
        block = cls.__new__(cls)
        block._own(os.open(f"/proc/{pid}/fd/{fd}", os.O_RDWR))
        block.address = pid, fd, number
        return block

    def _own(self, fd: int) -> None:
        self._fd = fd
        self._map: mmap.mmap | None = None
        self._threads = threading.Lock()

    def reserve(self, size: int) -> None:
        """Enlarge the block to at least ``size`` bytes, for all processes."""
        if os.fstat(self._fd).st_size < size:
            os.ftruncate(self._fd, size)

    def array(self, size: int) -> np.ndarray:
        """The first ``size`` bytes, uint8 (N,), shared with the other processes; usable even after close."""
        if size == 0:
            return np.zeros(0, dtype=np.uint8)
        if self._map is None or len(self._map) < size:
            self._map = mmap.mmap(self._fd, os.fstat(self._fd).st_size)
        return np.frombuffer(self._map, dtype=np.uint8, count=size)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock out other processes and threads; the lock is released when its process dies."""
        with self._threads:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the block in this process; safe to call twice."""
        self._map = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            os.close(self._fd)


def available_memory() -> int:
    """Bytes available without swapping, of the machine or of this container, whichever is less."""
    free = [int(line.split()[1]) * 1024 for line in _lines("/proc/meminfo") if line.startswith("MemAvailable")]
    for limit, used, statistics in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
        (
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes",
            "/sys/fs/cgroup/memory/memory.stat",
        ),
    ):
        bound, taken = "".join(_lines(limit)).strip(), "".join(_lines(used)).strip()
        if bound.isdigit() and taken.isdigit():
            # cached file pages count as used, but are freed when memory is needed
            cached = sum(int(line.split()[1]) for line in _lines(statistics) if line.startswith("inactive_file "))
            free.append(int(bound) - int(taken) + cached)
    return max(min(free, default=2**63), 0)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="ascii").splitlines()
    except OSError:
        return []
