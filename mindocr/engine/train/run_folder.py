"""The folder of a run: one run at a time, and one run's files at its top."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mindocr.engine.runtime import process, ranks
from mindocr.engine.train import earlier_run
from mindocr.engine.train.run_parts import RunParts
from mindocr.errors import UserError
from mindocr.utils.folder_lock import locked

KEY = "train.ckpt_save_dir"


@contextmanager
def claimed(folder: Path, place: process.Runtime) -> Iterator[None]:
    """Lock the folder of a run; rank 0 holds the lock for all ranks, and each rank must call this.

    At the end the log lines that still wait are written: a run that has failed before its first step leaves them too.

    Raises:
        UserError: another run uses the folder.
    """
    with ExitStack() as lock:
        refusal = None
        if place.is_main:
            try:
                lock.enter_context(locked(folder, KEY))
            except UserError as error:
                refusal = str(error)
        if place.world > 1:
            refusal = ranks.gather(refusal)[0]
        if refusal is not None:
            raise UserError(refusal)
        try:
            yield
        finally:
            process.release_log()


def make_room(parts: RunParts, folder: Path) -> Path | None:
    """Set aside what another run has left in the folder; each rank must call this, rank 0 moves.

    It comes last before the first step, so that a mistake in a configuration moves nothing. A run that is resumed from
    this folder owns its files.

    Returns:
        The subfolder with what was set aside, on rank 0; None where nothing was.

    Raises:
        UserError: the files cannot be moved.
    """
    source = parts.resumed_from.parent if parts.resumed_from is not None else None
    moved_to = None
    if parts.place.is_main and (source is None or source.resolve() != folder.resolve()):
        loggers = parts.observers.observers.values()
        moved_to = earlier_run.set_aside(folder, [each.writes for each in loggers if each.writes])
        if source is not None:
            earlier_run.continue_table(source, folder)
    if parts.place.world > 1:
        ranks.gather(None)
    process.release_log()
    return moved_to
