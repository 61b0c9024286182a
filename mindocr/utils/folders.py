"""Output folders."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from mindocr.errors import UserError
from mindocr.utils.paths import expand_home


def prepare_output(folder: str | Path, need_bytes: int = 0, key: str = "the output folder") -> Path:
    """Create ``folder`` and check that it is writable, before the work starts.

    Args:
        folder: ``~`` at its beginning is the home folder.
        need_bytes: free space that the work needs there.
        key: the configuration key or option that named the folder, for messages.

    Raises:
        UserError: it cannot be created or written, or the disk has too little free space.
    """
    folder = Path(expand_home(str(folder)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write_test_{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"{key}: cannot write to '{folder}' ({error.strerror}); choose another folder or change its permissions"
        ) from None
    free = shutil.disk_usage(folder).free
    if free < need_bytes:
        raise UserError(
            f"{key}: '{folder}' has {free / 2**20:.0f} MiB free, {need_bytes / 2**20:.0f} MiB are needed; "
            "free some space or choose another folder"
        )
    return folder
