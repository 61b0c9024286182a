"""Checkpoints: written completely or not at all; the best and the latest are kept, with the state of the run."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import mindspore as ms
from mindspore import nn

from mindocr.errors import StorageError
from mindocr.models.ckpt_entries import RUN_ENTRY, STATE_ENTRY, pack
from mindocr.models.ckpt_format import FORMATS
from mindocr.utils import files

STATE = "train_state"
PREVIOUS = "train_state.previous"


def save(
    parameters: Iterable[Any] | Mapping[str, Any],
    path: Path,
    extra: Mapping[str, Any] | None = None,
    *,
    keep_old_as: Path | None = None,
) -> None:
    """Write parameters to ``path`` so that a reader finds the old file or the new one, never an incomplete one.

    Args:
        parameters: stored under their names, or under those of the mapping.
        path: its suffix chooses the format, ``.ckpt`` or ``.safetensors``; both carry a checksum.
        extra: entry name -> value that JSON can hold, stored with the parameters.
        keep_old_as: rename the old file to this before the new one takes its place.

    Raises:
        StorageError: the disk is full or the folder cannot be written; the old file is untouched.
    """
    entries = [{"name": name, "data": parameter} for name, parameter in _named(parameters)]
    entries += [{"name": name, "data": ms.Tensor(pack(value))} for name, value in (extra or {}).items()]
    try:
        with files.replacing(path, suffix=path.suffix) as partial:
            try:
                ms.save_checkpoint(entries, str(partial), format=path.suffix[1:], crc_check=True)
            finally:  # MindSpore writes to its own .tmp file first, and leaves it behind when the disk is full
                files.remove(partial.with_suffix(".tmp"))
            partial.chmod(0o644)
            files.flush(partial)
            if keep_old_as is not None and path.exists():
                path.replace(keep_old_as)
        files.flush(path.parent)
    except (OSError, RuntimeError) as error:
        raise storage_error(path, error) from None


def _named(parameters: Any) -> Iterable[tuple[str, Any]]:
    return parameters.items() if isinstance(parameters, Mapping) else ((p.name, p) for p in parameters)


def storage_error(path: Path, error: Exception) -> StorageError:
    """The error for a file that could not be written."""
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or shutil.disk_usage(path.parent).free < 2**20
    reason = "the disk is full" if full else str(error).strip().splitlines()[0]
    return StorageError(f"cannot write '{path}': {reason}; free some space or choose another train.ckpt_save_dir")


def states_in(folder: Path) -> list[Path]:
    """Saved states of the run in ``folder``, newest first."""
    found = []
    for stem in (STATE, PREVIOUS):
        paths = [p for p in (folder / f"{stem}.{suffix}" for suffix in FORMATS) if p.exists()]
        found += sorted(paths, key=lambda p: p.stat().st_mtime_ns, reverse=True)
    return found


def size_of(network: nn.Cell) -> int:
    """Bytes that the network's parameters take in a file."""
    return sum(p.size * p.itemsize for p in network.get_parameters())


class CheckpointKeeper:
    """Decides which checkpoints of a run are kept.

    Files: ``best.ckpt``; ``epoch_<n>.ckpt`` for the ``latest`` newest epochs and the ``top`` best-scored ones;
    ``train_state.ckpt`` and ``train_state.previous.ckpt`` to resume from.

    Args:
        folder: of the checkpoints.
        latest: newest epochs to keep, at least 1.
        top: best-scored epochs to keep in addition.
        format: ``ckpt`` or ``safetensors``, also the files' suffix.
        about: description of the run, stored in every file.
    """

    def __init__(
        self, folder: Path, latest: int = 1, top: int = 0, format: str = "ckpt", about: dict[str, Any] | None = None
    ) -> None:
        self.folder = folder
        self.latest = max(1, latest)
        self.top = top
        self.format = format
        self.about = about or {}
        self.best = -1.0
        self.best_epoch = 0
        self.scores: dict[int, float | None] = {}
        self._old_state: str | None = PREVIOUS  # new name of the state file that the next one replaces

    @property
    def has_best(self) -> bool:
        """Whether weights with a score have been saved."""
        return self.best >= 0

    def path(self, stem: str) -> Path:
        """The file of this name, in this run's format."""
        return self.folder / f"{stem}.{self.format}"

    def keep(self, weights: Mapping[str, ms.Parameter], epoch: int, score: float | None) -> bool:
        """Save the weights of ``epoch`` under their names; returns True when it is the best so far."""
        self._save_weights(weights, _epoch_name(epoch))
        self.scores[epoch] = score
        is_best = False
        if score is not None and score > self.best:
            is_best = True
            self._save_weights(weights, "best")
            self.best, self.best_epoch = float(score), epoch
        self._remove_extra()
        return is_best

    def save_state(self, parameters: Iterable[ms.Parameter], state: Mapping[str, Any]) -> None:
        """Write everything that a resumed run needs; the previous state is kept as ``train_state.previous``.

        Args:
            parameters: weights, optimizer, EMA, loss scale, accumulated gradients.
            state: progress of the run, in JSON types.
        """
        memory = {"best": self.best, "best_epoch": self.best_epoch, "scores": list(self.scores.items())}
        extra = {RUN_ENTRY: self.about, STATE_ENTRY: {**state, "keeper": memory}}
        old = self._old_state
        save(parameters, self.path(STATE), extra, keep_old_as=self.path(old) if old else None)
        self._old_state = PREVIOUS

    def recall(self, state: Mapping[str, Any], path: Path) -> None:
        """Restore best score and top-k list from the state that was read from ``path``."""
        memory = state["keeper"]
        self.best, self.best_epoch = memory["best"], memory["best_epoch"]
        self.scores = {int(epoch): score for epoch, score in memory["scores"]}
        if path.parent.resolve() == self.folder.resolve():
            # After a fallback the newer file is damaged, and must not replace the good one.
            self._old_state = None if path.stem == PREVIOUS else PREVIOUS

    def _save_weights(self, weights: Mapping[str, ms.Parameter], stem: str) -> None:
        save(weights, self.path(stem), {RUN_ENTRY: self.about})

    def _remove_extra(self) -> None:
        kept = set(sorted(self.scores)[-self.latest :])
        scored = [e for e, s in self.scores.items() if s is not None]
        kept |= set(sorted(scored, key=lambda e: (-self.scores[e], e))[: self.top])  # type: ignore[operator]
        for epoch in [e for e in self.scores if e not in kept]:
            self.path(_epoch_name(epoch)).unlink(missing_ok=True)
            del self.scores[epoch]


def _epoch_name(epoch: int) -> str:
    return f"epoch_{epoch:04d}"
