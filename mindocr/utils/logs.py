"""Log lines on the screen and in a file."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from tqdm import tqdm


class _TqdmHandler(logging.StreamHandler):
    """Writes log lines above a running progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=sys.stderr)


class _FileHandler(logging.FileHandler):
    """Continues without the file when the disk is full, instead of a traceback for each line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  name of the base class
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def start_logging(folder: Path | None = None, rank: int = 0) -> None:
    """Log to stderr (rank 0 everything, other ranks warnings) and, if a folder is set, to ``folder/log_<rank>.txt``."""
    root = logging.getLogger("mindocr")
    root.setLevel(logging.INFO)
    root.propagate = False
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    screen = _TqdmHandler()
    screen.setLevel(logging.INFO if rank == 0 else logging.WARNING)
    screen.setFormatter(logging.Formatter("%(levelname).1s %(message)s"))
    root.addHandler(screen)
    if folder is not None:
        file = _FileHandler(folder / f"log_{rank}.txt", encoding="utf-8", errors="backslashreplace")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(message)s"))
        root.addHandler(file)
