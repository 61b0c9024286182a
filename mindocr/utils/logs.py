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
    """Writes log lines to a file, which is opened by the first line.

    It continues without the file when the disk is full, instead of a traceback for each line.

    Args:
        path: the file; new lines are added to its end.
        waiting: lines that wait until :meth:`write_waiting` is called, and later ones with them; None = write at once.
    """

    def __init__(self, path: Path, waiting: list[logging.LogRecord] | None = None) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self.waiting = waiting
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if self.waiting is None:
            super().emit(record)
        else:
            self.waiting.append(record)

    def write_waiting(self) -> None:
        """Write the lines that wait."""
        records, self.waiting = self.waiting or [], None
        for record in records:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  name of the base class
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def start_logging(folder: Path | None = None, rank: int = 0, *, held: bool = False) -> None:
    """Log to stderr (rank 0 everything, other ranks warnings) and, if a folder is set, to ``folder/log_<rank>.txt``.

    Args:
        folder: of the file; None = no file.
        rank: of this process, from 0.
        held: lines for the file wait in memory until :func:`release_log` is called.
    """
    root = logging.getLogger("mindocr")
    root.setLevel(logging.INFO)
    root.propagate = False
    waiting: list[logging.LogRecord] = []
    for handler in list(root.handlers):
        waiting += getattr(handler, "waiting", None) or []
        root.removeHandler(handler)
        handler.close()
    screen = _TqdmHandler()
    screen.setLevel(logging.INFO if rank == 0 else logging.WARNING)
    screen.setFormatter(logging.Formatter("%(levelname).1s %(message)s"))
    root.addHandler(screen)
    if folder is not None:
        root.addHandler(_FileHandler(folder / f"log_{rank}.txt", waiting if held else None))


def release_log() -> None:
    """Write the lines that wait since :func:`start_logging`, and later ones at once."""
    for handler in logging.getLogger("mindocr").handlers:
        if isinstance(handler, _FileHandler):
            handler.write_waiting()
