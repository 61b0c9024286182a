"""What the report knows about the run that found the detections: its command, its settings, its threshold."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mindocr.report.trials import Trial


@dataclass(frozen=True)
class Setup:
    """The run behind the detections.

    Attributes:
        config: the configuration as it was named after ``-c``; empty for results in files.
        overrides: words after ``-o``.
        settings: the resolved configuration by section; empty for results in files.
        threshold: threshold on the score with which the detections were made; None if there is no such setting.
        trials: other settings that were evaluated on the same images.
        labels: label file and folder of the images, for results in files; None if they are not known.
        accepts: whether these overrides are valid for the configuration.
    """

    config: str = ""
    overrides: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    trials: Sequence[Trial] = ()
    labels: tuple[Path, Path] | None = None
    accepts: Callable[[Sequence[str]], bool] = lambda words: True

    def command(self, name: str, *words: str, overrides: Sequence[str] = ()) -> str:
        """A command with the configuration and overrides of this run, quoted for the shell."""
        given = [*self.overrides, *overrides]
        return shlex.join(
            ["mindocr", name, *(["-c", self.config] if self.config else []), *words, *(["-o", *given] if given else [])]
        )


def option(words: Sequence[str]) -> str:
    """Overrides as they are written on a command line."""
    return shlex.join(["-o", *words])
