"""A lock on a folder: one process at a time writes to it.

The lock is the kernel's (``flock``) on a hidden file in the folder. The kernel releases it when the process ends, also
when the process is killed; a file that a killed process has left behind locks nothing. Child processes do not keep the
lock: all of ours are spawned, and a spawned process does not inherit the open file.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mindocr.errors import UserError

LOCK_NAME = ".run.lock"
_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)

logger = logging.getLogger(__name__)


@contextmanager
def locked(folder: Path, key: str) -> Iterator[None]:
    """Hold the lock of ``folder``. Where the file system has no locks, a warning says so, and the body runs.

    Args:
        folder: an existing folder.
        key: the configuration key or option that named the folder, for messages.

    Raises:
        UserError: another process holds it; the message names its host, its process id and its start.
    """
    path = folder / LOCK_NAME
    handle = _acquire(path, key)
    if handle is not None:
        with suppress(OSError):  # the content is for messages only
            note = {"pid": os.getpid(), "host": socket.gethostname(), "started": time.strftime("%Y-%m-%d %H:%M:%S")}
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(note).encode(), 0)
    try:
        yield
    finally:
        if handle is not None:
            with suppress(OSError):
                path.unlink()
            os.close(handle)


def _acquire(path: Path, key: str) -> int | None:
    """The open file that holds the lock; None where there are no locks."""
    while True:
        handle = -1
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The holder before may have removed the file between the two calls: then this lock is on no name.
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except BlockingIOError:
            os.close(handle)
            raise UserError(f"{key}: '{path.parent}' is in use by another run, {_holder(path)}; wait until it ends, "
                            "stop it, or choose another folder") from None  # fmt: skip
        except FileNotFoundError:
            if not path.parent.is_dir():
                raise
        except OSError as error:
            if handle >= 0:
                os.close(handle)
            if handle >= 0 and error.errno not in _UNSUPPORTED:
                raise
            logger.warning(
                "%s: '%s' cannot be locked (%s); make sure that no other run uses it", key, path.parent, error.strerror
            )
            return None
        if handle >= 0:
            os.close(handle)


def _holder(path: Path) -> str:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        return f"process {note['pid']} on {note['host']}, started at {note['started']}"
    except (OSError, ValueError, KeyError, TypeError):  # not written yet
        return "which has just started"
