"""Durations of the ``scheduler`` section that do not fit into the run, shortened, so that a short trial just runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

WARMUP_SHARE = 1 / 3  # of the run, for a warm-up that does not fit
FITTED_CURVES = ("polynomial_decay", "cosine_decay", "warmup_cosine_decay")  # decay_epochs is the length of the curve


class Durations(Protocol):
    """The keys of the ``scheduler`` section that depend on the length of the run, in epochs."""

    @property
    def scheduler(self) -> str: ...
    @property
    def num_epochs(self) -> int: ...
    @property
    def warmup_epochs(self) -> float: ...
    @property
    def num_cycles(self) -> int: ...
    @property
    def decay_epochs(self) -> float | None: ...
    @property
    def milestones(self) -> Sequence[float]: ...


class Shortened:
    """A ``scheduler`` section with other durations; all other keys are those of the section.

    Attributes:
        notes: the changes, (key, text) each.
    """

    def __init__(self, section: Any, warmup: float, decay: float | None, notes: Sequence[tuple[str, str]] = ()) -> None:
        self._section, self.warmup_epochs, self.decay_epochs, self.notes = section, warmup, decay, tuple(notes)

    def __getattr__(self, key: str) -> Any:
        return getattr(self._section, key)


def shorten(section: Durations) -> Shortened:
    """Fit the durations of a section into the run; durations that fit are not changed.

    A warm-up that leaves no epoch after it takes a third of the run. A curve that is longer than the run, with its
    warm-up, ends with the run; one that is longer only than what the warm-up leaves ends unfinished, which a recipe may
    want. Steps of the learning rate after the end are never reached; they are only noted.

    Args:
        section: its values are valid, each by itself.
    """
    name, epochs = str(section.scheduler).lower(), section.num_epochs
    warmup, decay = float(section.warmup_epochs), section.decay_epochs
    notes = []
    run = _epochs(epochs)
    if warmup >= epochs:
        warmup = epochs * WARMUP_SHARE
        text = f"{section.warmup_epochs:g} epochs of warm-up do not fit into a run of {run}; the warm-up takes a third "
        notes.append(("scheduler.warmup_epochs", f"{text}of the run, {_epochs(warmup)}"))
    left = epochs - warmup
    if name in FITTED_CURVES and decay is not None and decay > epochs:
        text = f"the curve of {_epochs(decay)} is longer than the run of {run}; it ends with the run, after "
        notes.append(("scheduler.decay_epochs", f"{text}{_epochs(left)}"))
        decay = left
    notes += _unreached(section, name, left)
    return Shortened(section, warmup, decay, notes)


def _unreached(section: Durations, name: str, left: float) -> list[tuple[str, str]]:
    """Steps of the learning rate after the end of the run; ``left`` epochs follow the warm-up."""
    if name == "step_decay" and section.decay_epochs is not None and section.decay_epochs >= left:
        return [("scheduler.decay_epochs", f"the run of {_epochs(section.num_epochs)} ends before the learning rate "
                 f"falls, {section.decay_epochs:g} epochs after the warm-up")]  # fmt: skip
    late = [milestone for milestone in section.milestones or () if milestone >= left]
    if name == "multi_step_decay" and late:
        listed = ", ".join(f"{milestone:g}" for milestone in late)
        return [("scheduler.milestones", f"{listed}: not reached in a run of {_epochs(section.num_epochs)}")]
    return []


def _epochs(number: float) -> str:
    return f"{number:.4g} epoch{'s' if number > 1 else ''}"
