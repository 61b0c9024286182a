"""Folders that results are written to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from mindocr.errors import UserError


def prepare_output(folder: str | Path, need_bytes: int = 0, key: str = "the output folder") -> Path:
    """Make ``folder`` and show that it can be written, before any time is spent on the work.

    Args:
        need_bytes: free space that the work will take there.
        key: the configuration key or option that named the folder, for messages.

    Raises:
        UserError: it cannot be made or written, or the disk is too full.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write_test_{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"{key}: cannot write to '{folder}' ({error.strerror}); choose another folder or mend its permissions"
        ) from None
    free = shutil.disk_usage(folder).free
    if free < need_bytes:
        raise UserError(
            f"{key}: '{folder}' has {free / 2**20:.0f} MiB free, {need_bytes / 2**20:.0f} MiB are needed; "
            "free some space or choose another folder"
        )
    return folder
