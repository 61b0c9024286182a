"""The changing state of a run: read from its objects and restored into them, on one rank or several."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from mindocr.data.loading.loader import Loader
from mindocr.engine.runtime import ranks
from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train.meter import Meter
from mindocr.engine.train.observers import Observers
from mindocr.engine.train.progress import Progress, random_state, restore_random_state
from mindocr.engine.train.resume import SavedState
from mindocr.errors import CheckpointError

logger = logging.getLogger(__name__)


@dataclass
class RunState:
    """The changing parts of a run.

    Attributes:
        step: its parameters are weights, optimizer, EMA, loss scale and accumulated gradients.
        loader: the order of the data follows from seed, epoch and batch; only its skipped images are saved.
        at: progress of the run.
        meter: numbers of the current epoch so far.
        observers: each may have a state to save.
    """

    step: nn.Cell
    loader: Loader
    at: Progress
    meter: Meter
    place: Runtime
    observers: Observers = field(default_factory=Observers)

    def collect(self) -> tuple[list[ms.Parameter], dict[str, Any]]:
        """Parameters to save, and the state to save with them; every rank must call this, rank 0 writes.

        All ranks hold the same weights. What they do not share (running statistics of BatchNorm, accumulated
        gradients, random states) comes from each, under the name ``rank.<number>.<name>``.
        """
        own = {
            "progress": self.at.as_dict(),
            "meter": self.meter.as_dict(),
            "random": random_state(),
            "skipped": self.loader.skipped,
            "observers": self.observers.state(),
        }
        parameters = list(self.step.parameters_dict().values())
        everyone = [own]
        if self.place.world > 1:
            everyone = ranks.gather(own)
            parameters += self._of_other_ranks()
        return parameters, {"batches": len(self.loader), "ranks": everyone}

    def restore(self, found: SavedState) -> None:
        """Restore everything to the state in which ``found`` was saved.

        Raises:
            CheckpointError: it is the state of another model, of other data, or of another number of ranks.
        """
        state, where = found.state, f"train.resume: '{found.path}'"
        if len(state["ranks"]) != self.place.world:
            raise CheckpointError(
                f"{where} comes from a run on {len(state['ranks'])} ranks, this one has {self.place.world}; start "
                "the same number, or begin a new run with model.pretrained set to best.ckpt"
            )
        if state["batches"] != len(self.loader):
            raise CheckpointError(
                f"{where} comes from epochs of {state['batches']} batches, now they have {len(self.loader)}; resume "
                "with the data and the batch size of the configuration saved beside it"
            )
        if any(isinstance(cell, nn.Dropout) and cell.p > 0 for _, cell in self.step.cells_and_names()):
            logger.warning("%s: MindSpore gives no access to the state of nn.Dropout's generator; the resumed run "
                           "draws other masks than an uninterrupted one", where)  # fmt: skip
        _load(self.step, _entries_of(self.place.rank, found.entries), where)
        own = state["ranks"][self.place.rank]
        self.at.restore(own["progress"])
        self.meter.restore(own["meter"])
        self.loader.skipped = list(own["skipped"])
        self.observers.restore(own.get("observers", {}))  # states of earlier versions have none
        restore_random_state(own["random"])

    def _of_other_ranks(self) -> list[ms.Parameter]:
        """What the ranks do not share, from all ranks except rank 0; empty on all ranks except rank 0."""
        waiting = self.at.steps % getattr(self.step, "accumulation_steps", 1) != 0
        local = [p for name, p in self.step.parameters_dict().items() if _is_local(name, waiting)]
        flat = np.concatenate([p.asnumpy().astype(np.float32).ravel() for p in local] or [np.zeros(1, np.float32)])
        rows = ops.AllGather()(ms.Tensor(flat)).asnumpy().reshape(self.place.world, -1)
        if not self.place.is_main:
            return []
        gathered = []
        for rank in range(1, self.place.world):
            start = 0
            for p in local:
                values = rows[rank, start : start + p.size].reshape(p.shape)
                gathered.append(ms.Parameter(ms.Tensor(values, p.dtype), name=f"rank.{rank}.{p.name}"))
                start += p.size
        return gathered


# Statistics that each rank takes from its own images: of BatchNorm, and of quantised layers
_OF_IMAGES = ("moving_mean", "moving_variance", "range_sum", "range_count")


def _is_local(name: str, waiting: bool) -> bool:
    return name.endswith(_OF_IMAGES) or (waiting and name.startswith("accumulated."))


def _entries_of(rank: int, entries: Mapping[str, ms.Parameter]) -> dict[str, ms.Parameter]:
    """The entries that ``rank`` starts from: rank 0's, and its own where the ranks differ."""
    shared = {name: value for name, value in entries.items() if not name.startswith("rank.")}
    own = f"rank.{rank}."
    return shared | {name[len(own) :]: value for name, value in entries.items() if name.startswith(own)}


def _load(step: nn.Cell, entries: Mapping[str, ms.Parameter], where: str) -> None:
    wanted = step.parameters_dict()
    wrong = [n for n, p in wanted.items() if n not in entries or entries[n].shape != p.shape]
    wrong += [n for n in entries if n not in wanted]
    if wrong:
        raise CheckpointError(
            f"{where} belongs to another model or optimizer: {len(wrong)} entries do not fit, such as '{wrong[0]}'; "
            "resume with the configuration saved beside it"
        )
    for name, parameter in wanted.items():
        parameter.set_data(entries[name].astype(parameter.dtype))
