"""Saving a run: its weights and its state, under the policy for a disk that is full."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mindspore import nn

from mindocr.engine.train.checkpoints import CheckpointKeeper
from mindocr.engine.train.run_state import RunState
from mindocr.engine.train.save_policy import SavePolicy


@dataclass
class Saver:
    """Saves weights and state; every rank must call it, rank 0 writes.

    Attributes:
        network: whose weights are saved.
        state: of the run.
        keeper: decides which files are kept.
        policy: what to do when a file cannot be written.
    """

    network: nn.Cell
    state: RunState
    keeper: CheckpointKeeper
    policy: SavePolicy

    def save_weights(self, epoch: int, score: float | None) -> Path | None:
        """Save the weights of ``epoch``; returns the file of the best weights where these are the best so far."""
        best = False
        if self.state.place.is_main:
            with self.policy.attempt("the weights"):
                best = self.keeper.keep(self.network.weights(), epoch, score)
        return self.keeper.path("best") if best else None

    def save_state(self) -> None:
        """Save all that a resumed run needs."""
        parameters, state = self.state.collect()
        if self.state.place.is_main:
            with self.policy.attempt("the state of the run"):
                self.keeper.save_state(parameters, state)
