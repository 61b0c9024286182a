"""Settings of a recipe that a shorter run changes, such as ``-o scheduler.num_epochs=2`` for a trial."""

from __future__ import annotations

from mindocr.config.schema import Config
from mindocr.scheduler import shorten


def run_notes(config: Config) -> list[str]:
    """What the run does differently because it is too short for a setting, ``key: text`` each; empty if all fit."""
    notes = [f"{key}: {text}" for key, text in shorten(config.scheduler).notes]
    system, epochs = config.system, config.scheduler.num_epochs
    if system.val_while_train and system.val_start_epoch > epochs:
        notes.append(
            f"system.val_start_epoch: {system.val_start_epoch} is after the last epoch, {epochs}; the run is evaluated "
            "once, after its last epoch"
        )
    return notes
