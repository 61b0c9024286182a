"""Log lines on the screen and in a file."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from mindocr.errors import UserError

FILE_ONLY = {"file_only": True}  # ``extra`` of a line that the screen shows in another way

logger = logging.getLogger(__name__)


class _TqdmHandler(logging.StreamHandler):
    """Writes log lines above a running progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        if not getattr(record, "file_only", False):
            tqdm.write(self.format(record), file=sys.stderr)


class _FileHandler(logging.FileHandler):
    """Writes log lines to a file, which is opened by the first line.

    It continues without the file when the disk is full, instead of a traceback for each line.

    Args:
        path: the file; new lines are added to its end.
        waiting: lines that wait until :meth:`write_waiting` is called, and later ones with them; None = write at once.
    """

    def __init__(self, path: Path, waiting: list[logging.LogRecord] | None = None) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace", delay=True)
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


class _Counter(logging.Handler):
    """Counts the warnings and errors."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings = self.errors = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.errors += 1
        else:
            self.warnings += 1


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
    root.addHandler(_Counter())
    if folder is not None:
        root.addHandler(_FileHandler(folder / f"log_{rank}.txt", waiting if held else None))


def release_log() -> None:
    """Write the lines that wait since :func:`start_logging`, and later ones at once."""
    for handler in logging.getLogger("mindocr").handlers:
        if isinstance(handler, _FileHandler):
            handler.write_waiting()


def counted() -> tuple[int, int]:
    """Warnings and errors that were logged since :func:`start_logging`."""
    for handler in logging.getLogger("mindocr").handlers:
        if isinstance(handler, _Counter):
            return handler.warnings, handler.errors
    return 0, 0


@contextmanager
def errors_in_the_file() -> Iterator[None]:
    """Also write the error that ends the block to the log file; the command prints it on the screen."""
    try:
        yield
    except UserError as error:
        logger.error("the run ends with an error: %s", error, extra=FILE_ONLY)
        raise
    except Exception:
        logger.exception("the run ends with an unexpected error", extra=FILE_ONLY)
        raise
