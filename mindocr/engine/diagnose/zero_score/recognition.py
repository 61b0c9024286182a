"""Why a recogniser reads almost nothing right: its texts, the labels and the dictionary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mindocr.engine.diagnose.zero_score.causes import Cause, general_causes, not_finite
from mindocr.engine.diagnose.zero_score.health import HealthCheck
from mindocr.engine.diagnose.zero_score.health_statistics import RunStatistics, WeightStatistics
from mindocr.metrics.rec_metric import letters_and_digits
from mindocr.registry import HEALTH_CHECKS
from mindocr.utils.wording import count

MOST = 0.5  # a cause applies if it holds for more than this share
ALIKE = 0.8  # share of the characters that are exchanged in the same way, for a dictionary in another order
ENOUGH = 20  # characters at the same position from which a share says something
KEPT = 2000  # texts whose characters are compared
_NAMED = 5


class Read(NamedTuple):
    """A text of the ground truth and what was read."""

    truth: str
    found: str


@HEALTH_CHECKS.register
class RecognitionHealth(HealthCheck):
    """For recognisers whose prediction is a :class:`~mindocr.predictions.text.Text`.

    Args:
        postprocess: its ``classes``, if it has any, are the characters of the dictionary; provided.

    Attributes:
        texts: of the last evaluation.
        broken: images of it with outputs that are not finite.
    """

    def __init__(self, postprocess: Any = None) -> None:
        super().__init__(postprocess)
        self._known = frozenset(getattr(postprocess, "classes", ()))
        self.begin_evaluation()

    def begin_evaluation(self) -> None:
        """Forget the texts of the previous evaluation."""
        self.texts: list[Read] = []
        self.broken = 0

    def add_image(
        self, path: str, outputs: Mapping[str, np.ndarray], prediction: Any, columns: Mapping[str, Any]
    ) -> None:
        """Examine a text."""
        self.broken += not all(np.isfinite(output).all() for output in outputs.values())
        if len(self.texts) < KEPT:
            self.texts.append(Read(str(columns.get("text", "")), prediction.text))

    def find_causes(self, weights: WeightStatistics, run: RunStatistics | None = None) -> list[Cause]:
        """All causes that apply, the most fundamental first."""
        outputs = f"{count(self.broken, 'output')} with values that are not finite" if self.broken else ""
        broken = not_finite(weights, run, outputs)
        found = [broken, *(cause for cause in general_causes(weights, run) if cause.name != "not finite")]
        if broken is None and self.texts:
            found += [self._unknown(), _nothing_read(self.texts), _same_text(self.texts), _exchanged(self.texts)]
            found += [_case(self.texts) or _signs(self.texts)]
        return [cause for cause in found if cause is not None]

    def _unknown(self) -> Cause | None:
        if not self._known:
            return None
        characters = Counter(character for text in self.texts for character in text.truth)
        missing = Counter({character: n for character, n in characters.items() if character not in self._known})
        if missing.total() <= MOST * characters.total() or not missing:
            return None
        few = " ".join(character for character, _ in missing.most_common(_NAMED))
        return Cause(
            "characters outside the dictionary",
            f"the dictionary of {len(self._known)} classes lacks {missing.total()} of {characters.total()} characters "
            f"of the labels, such as {few}",
            "set postprocess.character_dict_path to the dictionary of this language, and train with it",
        )


def _nothing_read(texts: Sequence[Read]) -> Cause | None:
    empty = sum(not text.found for text in texts)
    if empty <= MOST * len(texts):
        return None
    return Cause(
        "nothing read",
        f"{empty} of {count(len(texts), 'text')} were read as empty: the blank is the most probable class everywhere",
        "CTC begins like this: train longer; if it stays so, raise scheduler.lr, and check the pipeline (height, "
        "normalisation, order of the colours) and that the crops show text ('mindocr look')",
        certain=False,
    )


def _same_text(texts: Sequence[Read]) -> Cause | None:
    ((text, number),) = Counter(text.found for text in texts).most_common(1)
    if not text or number <= MOST * len(texts) or len({each.truth for each in texts}) < 3:
        return None
    return Cause(
        "one text for all",
        f"{number} of {count(len(texts), 'text')} were read as '{text}'",
        "the network does not look at the images yet: train longer, or lower scheduler.lr; check that images and "
        "labels belong together",
        certain=False,
    )


def _exchanged(texts: Sequence[Read]) -> Cause | None:
    """Characters that are consistently read as others: the dictionary has another order than in training."""
    pairs = Counter(pair for text in texts if len(text.truth) == len(text.found) for pair in zip(*text))
    if pairs.total() < ENOUGH:
        return None
    usual: dict[str, tuple[str, int]] = {}
    for (true, read), number in pairs.items():
        if number > usual.get(true, ("", 0))[1]:
            usual[true] = read, number
    agreeing = sum(number for _, number in usual.values())
    moved = {true: read for true, (read, _) in usual.items() if true.lower() != read.lower()}
    if agreeing < ALIKE * pairs.total() or len(moved) <= MOST * len(usual):
        return None
    few = ", ".join(f"{true} as {read}" for true, read in list(moved.items())[:_NAMED])
    return Cause(
        "another dictionary",
        f"{agreeing} of {pairs.total()} characters are read in the same wrong way: {few}",
        "the dictionary has other characters or another order than the one of the training; set "
        "postprocess.character_dict_path and use_space_char as in training, or leave both out to use the dictionary "
        "of the checkpoint",
    )


def _case(texts: Sequence[Read]) -> Cause | None:
    remedy = "set metric.lower: True, or metric.main_indicator: case_insensitive, to ignore the case"
    return _right_but_for(texts, str.lower, "case", remedy)


def _signs(texts: Sequence[Read]) -> Cause | None:
    settings = "metric.ignore_space and metric.ignore_symbol: True, or metric.main_indicator: alphanumeric"
    return _right_but_for(
        texts,
        lambda text: letters_and_digits(text).lower(),
        "spaces and punctuation",
        f"set {settings}, to ignore them",
    )


def _right_but_for(texts: Sequence[Read], form: Any, what: str, remedy: str) -> Cause | None:
    """A cause if most texts differ from the label, and agree with it in a form that drops something."""
    right = sum(text.truth != text.found and form(text.truth) == form(text.found) != "" for text in texts)
    if right <= MOST * len(texts):
        return None
    return Cause(what, f"{right} of {count(len(texts), 'text')} are right but for {what}", remedy)
