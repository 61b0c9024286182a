"""Two evaluations of recognisers: differences of the scores with intervals, and the texts that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.metrics.rec_metric import ACCURACIES, SPACES, RecMetric
from mindocr.report.paired import (
    Comparison,
    different_settings,
    few,
    pair_names,
    paired_differences,
    require_common,
)
from mindocr.report.recognition.word import Word

RULES = ("lower", "ignore_space", "filter_ood", "ignore_symbol")  # arguments of the metric that decide on acc
_COUNTS = ("texts", *ACCURACIES, "similarity", *SPACES)


@dataclass(frozen=True)
class ReadTexts:
    """One side of a comparison.

    Attributes:
        name: what the user calls it.
        words: its texts, in the order of the data set.
        settings: its resolved configuration; empty if there is none.
        facts: further entries of the summary, such as the checkpoint.
    """

    name: str
    words: Sequence[Word]
    settings: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TextComparison(Comparison[ReadTexts]):
    """Differences of the scores of ``RecMetric``.

    Attributes:
        images: number of images from which the texts come; the bootstrap draws images.
        accuracy: the accuracy by which a text counts as right.
        dictionaries_differ: whether a text has characters that only one of the dictionaries lacks.
    """

    images: int
    accuracy: str
    dictionaries_differ: bool

    def gained(self) -> list[int]:
        """Positions of the texts that are right only in the second."""
        return [i for i, (a, b) in enumerate(self._right()) if b and not a]

    def lost(self) -> list[int]:
        """Positions of the texts that are right only in the first."""
        return [i for i, (a, b) in enumerate(self._right()) if a and not b]

    def otherwise_changed(self) -> list[int]:
        """Positions of the other texts that the two read differently."""
        words = zip(self.first.words, self.second.words)
        return [i for (i, (a, b)), right in zip(enumerate(words), self._right())
                if len(set(right)) == 1 and a.found != b.found]  # fmt: skip

    def _right(self) -> list[tuple[bool, bool]]:
        words = zip(self.first.words, self.second.words)
        return [(a.result.right[self.accuracy], b.result.right[self.accuracy]) for a, b in words]


def compare_texts(first: ReadTexts, second: ReadTexts, seed: int = 0) -> TextComparison:
    """Compare two evaluations on the images that both have.

    Images are paired by file name, with as many parent folders as make the names unique, and the texts of an image by
    their order.

    Args:
        seed: random seed of the resamples.

    Raises:
        DataError: ``acc`` follows different rules, no image in common, or an image whose texts differ.
    """
    _check_rules(first, second)
    groups = [_by_image(side.words) for side in (first, second)]
    names = [list(group) for group in groups]
    pairs, only_first, only_second = pair_names(*names)
    require_common(pairs, (first, second), (only_first, only_second))
    ours = [groups[0][names[0][i]] for i, _ in pairs]
    theirs = [groups[1][names[1][i]] for _, i in pairs]
    other = [a[0].image for a, b in zip(ours, theirs) if [word.truth for word in a] != [word.truth for word in b]]
    if other:
        raise DataError(
            f"different labels: {len(other)} of {len(ours)} images have other texts in {first.name} than in "
            f"{second.name}, such as {few(other)}; evaluate both with the same labels"
        )
    flat = [[word for image in side for word in image] for side in (ours, theirs)]
    return TextComparison(
        ReadTexts(first.name, flat[0], first.settings, first.facts),
        ReadTexts(second.name, flat[1], second.settings, second.facts),
        paired_differences(_counts(ours), _counts(theirs), scores_of, seed),
        different_settings(first.settings, second.settings),
        only_first,
        only_second,
        len(pairs),
        _accuracy(first, second),
        any(sorted(a.result.unknown) != sorted(b.result.unknown) for a, b in zip(*flat)),
    )


def dictionary_note() -> str:
    """What two different dictionaries mean for ``acc``."""
    return (
        "the dictionaries differ: acc leaves out the characters of a label that the dictionary of a network lacks, so "
        "it may compare the two with different labels; exact compares whole labels"
    )


def scores_of(sums: np.ndarray) -> dict[str, Any]:
    """The scores by name, each (...), of sums of the counts of images, (..., counts).

    ``space_recall`` is left out if no label has a space, and NaN in resamples without one.
    """
    by_name = dict(zip(_COUNTS, sums.T))
    scores = {name: by_name[name] / by_name["texts"] for name in ACCURACIES}
    scores["norm_edit_distance"] = by_name["similarity"] / by_name["texts"]
    in_labels, _, read_right = (by_name[name] for name in SPACES)
    if np.any(in_labels):
        with np.errstate(invalid="ignore"):
            scores["space_recall"] = read_right / in_labels
    return scores


def _counts(images: Sequence[Sequence[Word]]) -> np.ndarray:
    """(images, counts) float64."""
    return np.array([np.sum([_of_word(word) for word in words], axis=0) for words in images], dtype=np.float64)


def _of_word(word: Word) -> list[float]:
    result = word.result
    return [1.0, *(float(result.right[name]) for name in ACCURACIES), result.similarity, *map(float, result.spaces)]


def _by_image(words: Sequence[Word]) -> dict[str, list[Word]]:
    groups: dict[str, list[Word]] = {}
    for word in words:
        groups.setdefault(word.image, []).append(word)
    return groups


def _check_rules(first: ReadTexts, second: ReadTexts) -> None:
    if not first.settings or not second.settings:
        return
    ours, theirs = _rules(first), _rules(second)
    if other := [name for name in RULES if ours[name] != theirs[name]]:
        told = "; ".join(f"metric.{name} is {ours[name]} and {theirs[name]}" for name in other)
        raise DataError(
            f"different rules for acc in {first.name} and {second.name}: {told}; evaluate both with the same values"
        )


def _rules(side: ReadTexts) -> dict[str, Any]:
    section, usual = side.settings.get("metric") or {}, vars(RecMetric())
    return {name: section.get(name, usual[name]) for name in RULES}


def _accuracy(first: ReadTexts, second: ReadTexts) -> str:
    """The accuracy that both have as their main score; else ``acc``."""
    main = [(side.settings.get("metric") or {}).get("main_indicator") for side in (first, second)]
    return str(main[0]) if main[0] == main[1] and main[0] in ACCURACIES else "acc"
