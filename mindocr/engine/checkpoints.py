"""Checkpoints: written whole or not at all, the best and the latest kept, everything a later run needs to go on."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from mindocr.errors import CheckpointError, UserError
from mindocr.models.weights import read_checkpoint

logger = logging.getLogger(__name__)

BEST = "best.ckpt"
STATE = "train_state.ckpt"
_PROGRESS = "train_progress"


def save(parameters: Iterable[ms.Parameter], path: Path, extra: dict[str, ms.Tensor] | None = None) -> None:
    """Write parameters to ``path`` so that a reader finds the old file or the new one, never a part.

    Raises:
        UserError: the disk is full or the folder cannot be written; the old file is untouched.
    """
    entries = [{"name": p.name, "data": p} for p in parameters]
    entries += [{"name": name, "data": value} for name, value in (extra or {}).items()]
    partial = path.with_name(f".{path.stem}.{os.getpid()}.part.ckpt")
    try:
        ms.save_checkpoint(entries, str(partial), crc_check=True)
        partial.chmod(0o644)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        full = getattr(error, "errno", None) == errno.ENOSPC or shutil.disk_usage(path.parent).free < 2**20
        reason = "the disk is full" if full else str(error).strip().splitlines()[0]
        raise UserError(
            f"cannot write '{path}': {reason}; free some space or choose another train.ckpt_save_dir"
        ) from None
    finally:
        # MindSpore writes to a .tmp of its own first, and leaves it when the disk is full.
        for leftover in (partial, partial.with_suffix(".tmp")):
            if leftover.exists():
                leftover.chmod(0o644)
                leftover.unlink()


def size_of(network: nn.Cell) -> int:
    """Bytes that the network's parameters take in a file."""
    return sum(p.size * p.itemsize for p in network.get_parameters())


class CheckpointKeeper:
    """Decides which checkpoints of a run stay.

    Files: ``best.ckpt``; ``epoch_<n>.ckpt`` for the ``latest`` newest epochs and the ``top`` best-scored ones;
    ``train_state.ckpt`` to resume from.

    Args:
        folder: where they go.
        latest: newest epochs to keep, at least 1.
        top: best-scored epochs to keep besides.
    """

    def __init__(self, folder: Path, latest: int = 1, top: int = 0) -> None:
        self.folder = folder
        self.latest = max(1, latest)
        self.top = top
        self.best = -1.0
        self.best_epoch = 0
        self.scores: dict[int, float | None] = {}

    def keep(self, network: nn.Cell, epoch: int, score: float | None) -> bool:
        """Save the weights of ``epoch``; returns True when it is the best so far."""
        save(network.get_parameters(), self._path(epoch))
        self.scores[epoch] = score
        is_best = score is not None and score > self.best
        if is_best:
            self.best, self.best_epoch = float(score), epoch
            save(network.get_parameters(), self.folder / BEST)
        self._remove_surplus()
        return is_best

    def save_state(self, step: nn.Cell, progress: dict[str, Any]) -> None:
        """Write everything that a resumed run needs: weights, optimizer, EMA, loss scale, and where the run stood."""
        progress = {**progress, "best": self.best, "best_epoch": self.best_epoch, "scores": list(self.scores.items())}
        text = np.frombuffer(json.dumps(progress).encode(), np.uint8)
        save(step.parameters_dict().values(), self.folder / STATE, {_PROGRESS: ms.Tensor(text)})

    def load_state(self, step: nn.Cell, path: Path) -> dict[str, Any]:
        """Restore what ``save_state`` wrote and return the progress.

        Raises:
            CheckpointError: no such file, a damaged one, or one of another model or optimizer.
        """
        stored = read_checkpoint(path)
        if _PROGRESS not in stored:
            raise CheckpointError(
                f"train.resume: '{path}' holds weights only, not the state of a run; "
                f"name a {STATE}, or use model.pretrained to start from weights"
            )
        progress = json.loads(bytes(stored.pop(_PROGRESS).asnumpy().astype(np.uint8)).decode())
        wanted = step.parameters_dict()
        wrong = [n for n, p in wanted.items() if n not in stored or stored[n].shape != p.shape]
        wrong += [n for n in stored if n not in wanted]
        if wrong:
            raise CheckpointError(
                f"train.resume: '{path}' belongs to another model or optimizer: {len(wrong)} entries do not fit, "
                f"such as '{wrong[0]}'; resume with the configuration saved beside it"
            )
        for name, parameter in wanted.items():
            parameter.set_data(stored[name].astype(parameter.dtype))
        self.best, self.best_epoch = progress["best"], progress["best_epoch"]
        self.scores = {int(epoch): score for epoch, score in progress["scores"]}
        return progress

    def _path(self, epoch: int) -> Path:
        return self.folder / f"epoch_{epoch:04d}.ckpt"

    def _remove_surplus(self) -> None:
        kept = set(sorted(self.scores)[-self.latest :])
        scored = [e for e, s in self.scores.items() if s is not None]
        kept |= set(sorted(scored, key=lambda e: (-self.scores[e], e))[: self.top])  # type: ignore[operator]
        for epoch in [e for e in self.scores if e not in kept]:
            self._path(epoch).unlink(missing_ok=True)
            del self.scores[epoch]
