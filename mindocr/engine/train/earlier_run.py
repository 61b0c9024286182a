"""A new run in a folder that holds another run: the files of that run are set aside in a subfolder.

The rule: ``<folder>/earlier_<time>/`` receives every file that the earlier run has written, under its own name, where
the time is the one of its last checkpoint or table. Files are renamed, not copied, so they need no space. Other files
in the folder stay where they are.
"""

from __future__ import annotations

import logging
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from mindocr.config.load import is_resolved
from mindocr.engine.train.checkpoints import STATE
from mindocr.engine.train.loggers.csv import CSV_NAME
from mindocr.errors import UserError
from mindocr.registry import LOGGERS

PREFIX = "earlier_"
CONFIG_NAME = "config.yaml"

_CHECKPOINT = re.compile(r"(best|epoch_\d+|train_state(\.previous|\.earlier)?)\.(ckpt|safetensors)", re.ASCII)
_SIDE_FILE = re.compile(r"log_\d+\.txt|why_zero\.png|config\.yaml", re.ASCII)
# Folders that a run or a command on its checkpoints writes -> what is found in them. A folder of the user that has the
# same name has no such file.
_FOLDERS = {"capsules": "step_*/capsule.json", "eval": "scores.json", "fit": "fit.json"}
_SHOWN = 6

logger = logging.getLogger(__name__)


def set_aside(folder: Path, also: Iterable[str] = ()) -> Path | None:
    """Move the files of an earlier run in ``folder`` to a subfolder, and log what was moved.

    Nothing is moved where there is no checkpoint, no state, no table and no curve: a run that was stopped before its
    first epoch has nothing to lose.

    Args:
        folder: of the new run.
        also: names of files and folders that the loggers of the new run write.

    Returns:
        The subfolder; None where nothing was moved.

    Raises:
        UserError: the files cannot be moved; then none is.
    """
    written = {*_written_by_loggers(), *also}
    files = [path for path in sorted(folder.iterdir()) if _belongs_to_a_run(path, written)]
    results = [path for path in files if _is_result(path, written)]
    if not results:
        return None
    ended = time.localtime(max(path.stat().st_mtime for path in results))
    target = _free_name(folder / f"{PREFIX}{time.strftime('%Y-%m-%d_%H-%M-%S', ended)}")
    _move(files, target, folder)
    logger.warning("%s", _message(folder, target, files, results))
    return target


def _message(folder: Path, target: Path, files: Sequence[Path], results: Sequence[Path]) -> str:
    if [path.name for path in results] == [CONFIG_NAME]:
        what, advice = f"a {CONFIG_NAME} that no run has written", ""
    else:
        what = "an earlier run"
        states = [target / path.name for path in results if path.name.startswith(STATE)]
        advice = f"; to continue that run, use train.resume={states[0]}" if states else ""
    names = ", ".join(path.name for path in files[:_SHOWN])
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    return f"{folder} holds {what}; moved to {target}: {names}{more}{advice}"


def reminder(target: Path) -> str:
    """The last line of a run that has set aside the files of another one.

    Args:
        target: the subfolder, see :func:`set_aside`.
    """
    states = sorted(path.name for path in target.iterdir() if path.name.startswith(STATE))
    if not states:
        return f"the files that were in {target.parent} before this run are in {target}"
    return f"the earlier run of {target.parent} is in {target}; its state is {states[0]}"


def continue_table(source: Path, folder: Path) -> None:
    """Copy the table of a run that is resumed from another folder, so that its earlier epochs are not lost.

    Args:
        source: the folder of the state that is resumed.
        folder: of the run that continues it, without a table.
    """
    table = source / CSV_NAME
    if table.is_file() and not (folder / CSV_NAME).exists():
        shutil.copyfile(table, folder / CSV_NAME)
    logger.warning("the run continues in another folder: weights that it has saved before, such as the best, stay in "
                   "%s", source)  # fmt: skip


def earlier_folders(folder: Path) -> list[Path]:
    """The subfolders with earlier runs, newest first."""
    return sorted((path for path in folder.glob(f"{PREFIX}*") if path.is_dir()), reverse=True)


def _written_by_loggers() -> set[str]:
    classes = (LOGGERS.get(name) for name in LOGGERS.names())
    return {name for each in classes if (name := getattr(each, "writes", ""))}


def _belongs_to_a_run(path: Path, written: set[str]) -> bool:
    if path.name in _FOLDERS:
        return path.is_dir() and any(path.glob(_FOLDERS[path.name]))
    named = _CHECKPOINT.fullmatch(path.name) or _SIDE_FILE.fullmatch(path.name)
    return path.name in written or (named is not None and path.is_file())


def _is_result(path: Path, written: set[str]) -> bool:
    """Whether the loss of a file would matter: the others say only that a run was begun."""
    if path.name == CONFIG_NAME:
        return not is_resolved(path)  # written by hand, and about to be replaced
    return _CHECKPOINT.fullmatch(path.name) is not None or (path.name in written and path.is_file())


def _free_name(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}_{number}")
    return free


def _move(files: Sequence[Path], target: Path, folder: Path) -> None:
    moved: list[Path] = []
    try:
        target.mkdir()
        for path in files:
            path.rename(target / path.name)
            moved.append(path)
    except OSError as error:
        for path in moved:
            (target / path.name).rename(path)
        if target.is_dir():
            target.rmdir()
        raise UserError(
            f"train.ckpt_save_dir: '{folder}' holds an earlier run, and its files cannot be set aside in "
            f"'{target.name}' ({error.strerror}: {error.filename}); choose another folder, or continue that run with "
            "train.resume=auto"
        ) from None
