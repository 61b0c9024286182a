"""Other forms of a loaded predictor: with the thresholds of a request, or for a thread beside others.

Networks are shared.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mindocr.inference.configured import configured
from mindocr.inference.detector import TextDetector
from mindocr.inference.predictor import Predictor
from mindocr.reading.page import LEVELS

Options = Mapping[str, Any]
P = TypeVar("P", bound=Predictor)


@dataclass(frozen=True)
class Option:
    """A setting that a request may change.

    Attributes:
        default: of the model.
        meaning: one line.
        lowest, highest: range of a number.
        choices: of a word; empty for a number.
    """

    default: Any
    meaning: str
    lowest: float = 0
    highest: float = 1
    choices: tuple[str, ...] = ()


_THRESHOLDS = {
    "box_thresh": Option(None, "lowest score of a text"),
    "binary_thresh": Option(None, "a pixel is text if its probability is above this value"),
    "score_thresh": Option(None, "a strip of text is used if its score is above this value"),
    "expand_ratio": Option(None, "how far outlines are expanded; more gives larger ones", 0, 10),
}
DROP_SCORE = "lines read with a lower confidence are left out"
LEVEL = Option("line", "what has outlines", choices=LEVELS)


def thresholds_of(detector: TextDetector) -> dict[str, Option]:
    """The thresholds that the post-processing of a detector has, with their values."""
    known = inspect.signature(type(detector.postprocess)).parameters
    found = {}
    for name, option in _THRESHOLDS.items():
        value = getattr(detector.postprocess, name, None)
        if name in known and isinstance(value, int | float):
            found[name] = Option(value, option.meaning, option.lowest, max(option.highest, value))
    if getattr(detector.postprocess, "expand_by_height", None):
        found.pop("expand_ratio", None)  # it has no effect then
    return found


def with_options(detector: TextDetector, changes: Options, options: Options) -> TextDetector:
    """The detector with the thresholds of a request; the network is shared.

    Args:
        detector: the model's.
        changes: arguments of the post-processing that the command has set.
        options: of the request; those of other parts are left out.
    """
    chosen = {name: value for name, value in options.items() if name in _THRESHOLDS}
    if not chosen:
        return detector
    changed = copy.copy(detector)
    changed.postprocess = configured(detector.runner, postprocess={**changes, **chosen})[0]
    return changed


class _Beside:
    """A runner that computes in the calling thread alone, so that several threads compute side by side."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner

    def __call__(self, images: Any) -> Any:
        return self._runner.work(images)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)


def workers_of(predictor: Predictor) -> int:
    """Threads that may run the network of a predictor at once.

    A runner allows more than one if it has ``workers``, a number above 1, and ``work``, which computes what a call of
    the runner computes in the calling thread alone.
    """
    return int(getattr(predictor.runner, "workers", 1))


def beside(predictor: P) -> P:
    """The predictor for a thread beside others that predict; the network is shared."""
    if workers_of(predictor) == 1:
        return predictor
    changed = copy.copy(predictor)
    changed.runner = _Beside(predictor.runner)
    return changed
