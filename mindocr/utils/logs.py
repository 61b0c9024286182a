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
    """Continues without the file when the disk is full, instead of a traceback for each line."""

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
    root.addHandler(_Counter())
    if folder is not None:
        file = _FileHandler(folder / f"log_{rank}.txt", encoding="utf-8", errors="backslashreplace")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(message)s"))
        root.addHandler(file)


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
