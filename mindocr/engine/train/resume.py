"""Resuming a run that was stopped: which saved state to use."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mindspore as ms

from mindocr.engine.runtime import ranks
from mindocr.engine.train.checkpoints import STATE, states_in
from mindocr.engine.train.earlier_run import earlier_folders
from mindocr.errors import CheckpointError
from mindocr.models.ckpt_entries import RUN_ENTRY, STATE_ENTRY, unpack
from mindocr.models.weights import read_checkpoint

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SavedState:
    """A state read from a file.

    Attributes:
        path: the file.
        entries: parameters of the training step, by name.
        state: progress of the run when it was saved.
        about: origin of the file: configuration, data, versions, command.
    """

    path: Path
    entries: Mapping[str, ms.Parameter]
    state: Mapping[str, Any]
    about: Mapping[str, Any]


def find(resume: str | None, folder: Path, world: int = 1) -> SavedState | None:
    """The state that ``train.resume`` names, or the newest intact one beside it if that is damaged.

    Args:
        resume: a path; ``auto`` = the newest state in ``folder``, or None if there is none; empty = None.
        world: number of ranks; all of them must find the same state.

    Raises:
        CheckpointError: no such file, weights without a state, only damaged files, or different states on the ranks.
    """
    if not resume:
        return None
    found = _find(resume, folder)
    if world > 1:
        steps = ranks.gather(found and found.state["ranks"][0]["progress"]["steps"])
        if len(set(steps)) > 1:
            listed = ", ".join(f"rank {i}: {'none' if n is None else f'step {n}'}" for i, n in enumerate(steps))
            raise CheckpointError(
                f"train.resume: the ranks found different states in {folder} ({listed}); all hosts must see the same "
                "folder, so put train.ckpt_save_dir on storage that they share"
            )
    return found


def _find(resume: str, folder: Path) -> SavedState | None:
    named = [] if resume == "auto" else [Path(resume).expanduser()]
    others = states_in(named[0].parent if named else folder)
    if not named and not others:
        logger.info("train.resume: auto, but there is no %s in %s; a new run begins%s", STATE, folder, _earlier(folder))
        return None
    damage: list[str] = []
    for path in named + [p for p in others if p not in named]:
        if path in named and path.stem != STATE and not path.exists():
            read_checkpoint(path)  # a wrong name: the error lists the files that exist
        try:
            entries = read_checkpoint(path)
        except CheckpointError as error:
            damage.append(str(error))
            logger.warning("train.resume: %s", error)
            continue
        if damage:
            logger.warning("train.resume: falling back to %s", path)
        return _unpack(path, entries)
    raise CheckpointError("train.resume: no intact state is left:\n  " + "\n  ".join(damage))


def _earlier(folder: Path) -> str:
    """Where an earlier run of this folder can be resumed from, or empty."""
    found = [state for each in earlier_folders(folder) for state in states_in(each)]
    return f"; to continue an earlier one, use train.resume={found[0]}" if found else ""


def _unpack(path: Path, entries: dict[str, ms.Parameter]) -> SavedState:
    if STATE_ENTRY not in entries:
        raise CheckpointError(
            f"train.resume: '{path}' holds weights only, not the state of a run; "
            f"name a {STATE} file, or use model.pretrained to start from weights"
        )
    state, about = unpack(entries.pop(STATE_ENTRY)), unpack(entries.pop(RUN_ENTRY))
    return SavedState(path, entries, state, about)
