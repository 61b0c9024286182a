"""Weights & Biases, a service that collects and compares runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from mindocr.config import Config
from mindocr.engine.train.observers import EndEvent, EpochEvent, Observer, StartEvent, StepEvent
from mindocr.errors import ConfigError
from mindocr.registry import LOGGERS


@LOGGERS.register(name="wandb")
class WandbLogger(Observer):
    """Sends losses, learning rate and scores to Weights & Biases; needs the package wandb.

    Steps are sent every ``system.log_interval`` steps as ``train/<name>``, epochs as ``epoch/<name>``, both over
    optimizer steps. A resumed run continues the same run of the service.

    Args:
        config, folder: of the run; the files of the service go to ``wandb`` in the folder.
        project: where the run is listed.
        entity: user or team of the project; empty = the default of the logged-in user.
        run_name: name of the run; empty = one that the service chooses.
        mode: ``offline`` writes files that ``wandb sync`` sends later.

    Raises:
        ConfigError: wandb is not installed.
    """

    writes = "wandb"

    def __init__(
        self,
        config: Config,
        folder: Path,
        project: str = "mindocr",
        entity: str | None = None,
        run_name: str | None = None,
        mode: Literal["online", "offline", "disabled"] = "online",
    ) -> None:
        try:
            import wandb
        except ImportError:
            raise ConfigError("train.loggers: wandb needs the package wandb; run 'pip install wandb'") from None
        self.config, self.folder = config, folder
        self.project, self.entity, self.run_name, self.mode = project, entity, run_name, mode
        self._wandb = wandb
        self._run: Any = None
        self._id: str | None = None

    def on_start(self, event: StartEvent) -> None:
        """Open a run of the service, or the one that the saved state names."""
        self._run = self._wandb.init(
            project=self.project, entity=self.entity, name=self.run_name, mode=self.mode, dir=str(self.folder),
            id=self._id, resume="allow", config=self.config.model_dump(),
        )  # fmt: skip
        self._id = self._run.id

    def on_step(self, event: StepEvent) -> None:
        """Send loss, terms, gradient norm and learning rate, every ``system.log_interval`` steps."""
        if self._run is not None and event.at.steps % self.config.system.log_interval == 0:
            numbers = {"loss": event.outcome.loss, **event.terms, "norm": event.outcome.norm, "lr": event.lr}
            self._send("train", numbers, event)

    def on_epoch(self, event: EpochEvent) -> None:
        """Send the numbers of the epoch."""
        if self._run is not None:
            numbers = {name: value for name, value in event.row.items() if name != "step"}
            self._send("epoch", numbers, event)

    def on_end(self, event: EndEvent) -> None:
        """Close the run of the service; it counts as failed if an error or a signal ended this run."""
        if self._run is not None:
            self._run.finish(exit_code=0 if event.error is None else 1)

    def state(self) -> str | None:
        """Identifier of the run in the service."""
        return self._id

    def restore(self, state: Any) -> None:
        """Continue that run."""
        self._id = state

    def _send(self, group: str, numbers: dict[str, Any], event: StepEvent | EpochEvent) -> None:
        self._run.log({f"{group}/{name}": value for name, value in numbers.items()}, step=event.at.updates)
