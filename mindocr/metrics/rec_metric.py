"""The metric for text recognition: shares of texts that are read right, and the normalised edit distance."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mindocr.errors import ConfigError
from mindocr.formats.dictionary import SPACE, TextClasses
from mindocr.metrics.alignment import align
from mindocr.metrics.edit_distance import similarity
from mindocr.metrics.interval import of_mean, wilson
from mindocr.predictions.text import Text
from mindocr.registry import METRICS

ACCURACIES = ("acc", "exact", "case_insensitive", "alphanumeric")
SCORES = (*ACCURACIES, "norm_edit_distance")
SPACES = ("spaces_in_labels", "spaces_read", "spaces_read_right")  # counts
_UNIT = 1_000_000  # similarities are summed as whole millionths: the sum does not depend on the order
_NAMED = 10


@dataclass(frozen=True)
class TextResult:
    """How one text was read.

    Attributes:
        right: by name of the accuracy, whether the text counts as right.
        similarity: 1 - edit distance / length of the longer text, compared as for ``acc``; in [0, 1].
        unknown: characters of the truth that the dictionary lacks, each as often as it occurs.
        spaces: number of spaces in the truth, in what was read, and of those that were read where the truth has them.
    """

    right: dict[str, bool]
    similarity: float
    unknown: tuple[str, ...] = ()
    spaces: tuple[int, int, int] = (0, 0, 0)


@METRICS.register
class RecMetric:
    """Word accuracies and normalised edit distance, with 95 % intervals.

    ``exact`` compares all characters; ``case_insensitive`` ignores the case; ``alphanumeric`` compares letters and
    digits of any script (Unicode categories L and N) without case. ``acc`` follows the arguments, which are those of
    MindOCR. ``norm_edit_distance`` is the mean of 1 - distance / length of the longer text, compared as for ``acc``, so
    1 is best. Both sides are compared in the normal form NFC.

    ``space_recall`` is the share of the spaces of the labels that are read, ``space_precision`` the share of the spaces
    that are read where the label has one, both by an alignment of the two texts with the fewest edits; spaces at the
    ends do not count. They exist only where labels have spaces, and the second only where spaces were read.

    Args:
        main_indicator: the score by which the best checkpoint is chosen.
        lower: for ``acc``, ignore the case.
        ignore_space: for ``acc``, remove spaces.
        filter_ood: for ``acc``, remove the characters that the dictionary lacks from the truth, if a dictionary is
            known. A recogniser cannot read them; the log states which ones occur.
        ignore_symbol: for ``acc``, remove all but letters and digits.
        characters: the characters of the dictionary, as a text or a list. With neither this nor
            ``character_dict_path``, the dictionary is that of the post-processing.
        character_dict_path: dictionary file, one character a line, UTF-8.
        use_space_char: the recogniser has a class for the space.

    Attributes:
        counts: sums over the texts evaluated in this process and over the counts merged in.

    Raises:
        ConfigError: both dictionaries are given, or an unknown score.
        DataError: the dictionary cannot be used.
    """

    reads: tuple[str, ...] = ("text",)
    judges = Text

    def __init__(
        self,
        main_indicator: Literal["acc", "exact", "case_insensitive", "alphanumeric", "norm_edit_distance"] = "acc",
        lower: bool = True,
        ignore_space: bool = True,
        filter_ood: bool = True,
        ignore_symbol: bool = False,
        characters: str | Sequence[str] | None = None,
        character_dict_path: str | None = None,
        use_space_char: bool = True,
    ) -> None:
        if main_indicator not in SCORES:
            raise ConfigError(f"metric.main_indicator: expected one of {', '.join(SCORES)}, got {main_indicator!r}")
        if characters is not None and character_dict_path is not None:
            raise ConfigError("RecMetric: give either characters or character_dict_path, not both")
        self.main_indicator = main_indicator
        self.lower, self.ignore_space, self.ignore_symbol = lower, ignore_space, ignore_symbol
        self.filter_ood = filter_ood
        self._known: frozenset[str] = frozenset()
        if characters is not None or character_dict_path is not None:
            self._known = frozenset(TextClasses(characters, character_dict_path, use_space_char).numbers)
        self.reset()

    def reset(self) -> None:
        """Discard the results of all texts."""
        names = ("images", *ACCURACIES, "similarity", "similarity_squared", "texts_outside_dictionary", *SPACES)
        self.counts: dict[str, Any] = {**dict.fromkeys(names, 0), "characters_outside_dictionary": {}}

    def judge(self, predictions: Sequence[Text], columns: Sequence[Sequence[Any]]) -> list[TextResult]:
        """Evaluate the predictions of a batch and add their counts.

        Args:
            predictions: one for each line.
            columns: the texts of the same lines, as the only column.
        """
        (texts,) = columns
        results = [self.compare(found.text, str(truth)) for found, truth in zip(predictions, texts)]
        for result in results:
            millionths = round(result.similarity * _UNIT)
            self.merge(
                {
                    "images": 1,
                    **{name: int(right) for name, right in result.right.items()},
                    "similarity": millionths,
                    "similarity_squared": millionths * millionths,
                    "texts_outside_dictionary": int(bool(result.unknown)),
                    "characters_outside_dictionary": Counter(result.unknown),
                    **dict(zip(SPACES, result.spaces)),
                }
            )
        return results

    def compare(self, found: str, truth: str) -> TextResult:
        """Compare a text with its truth; the counts stay."""
        found, truth = unicodedata.normalize("NFC", found), unicodedata.normalize("NFC", truth)
        unknown = tuple(character for character in truth if not self._knows(character)) if self._known else ()
        kept = "".join(c for c in truth if self._knows(c)) if unknown and self.filter_ood else truth
        shown = [self._as_for_acc(text) for text in (found, kept)]
        right = {
            "acc": shown[0] == shown[1],
            "exact": found == truth,
            "case_insensitive": found.lower() == truth.lower(),
            "alphanumeric": letters_and_digits(found).lower() == letters_and_digits(truth).lower(),
        }
        return TextResult(right, similarity(*shown), unknown, count_spaces(truth.strip(), found.strip()))

    def merge(self, counts: Mapping[str, Any]) -> None:
        """Add the counts of another process that evaluated other texts.

        Raises:
            ValueError: the names of the counts are others.
        """
        if set(counts) != set(self.counts):
            raise ValueError(f"RecMetric: cannot add counts {sorted(counts)} to {sorted(self.counts)}")
        for name, number in counts.items():
            if isinstance(number, Mapping):
                self.counts[name] = dict(Counter(self.counts[name]) + Counter(number))
            else:
                self.counts[name] += number

    def result(self) -> dict[str, Any]:
        """Return the scores in [0, 1] by name, ``interval`` with (low, high) for each, and ``counts``."""
        count = self.counts["images"]
        total, squares = self.counts["similarity"] / _UNIT, self.counts["similarity_squared"] / _UNIT**2
        scores: dict[str, Any] = {name: self.counts[name] / max(count, 1) for name in ACCURACIES}
        interval = {name: wilson(self.counts[name], count) for name in ACCURACIES}
        scores["norm_edit_distance"] = total / max(count, 1)
        interval["norm_edit_distance"] = of_mean(total, squares, count)
        in_labels, read, read_right = (self.counts[name] for name in SPACES)
        if in_labels:
            for name, number in (("space_recall", in_labels), ("space_precision", read)):
                if number:
                    scores[name], interval[name] = read_right / number, wilson(read_right, number)
        unknown = sorted(self.counts["characters_outside_dictionary"].items(), key=lambda item: (-item[1], item[0]))
        counts = {**self.counts, "characters_outside_dictionary": dict(unknown)}
        counts |= {"similarity": total, "similarity_squared": squares}
        return {**scores, "interval": interval, "counts": counts}

    def summary(self, scores: Mapping[str, Any]) -> str:
        """The scores of :meth:`result` in one line, and the characters that the dictionary lacks."""
        shown = [
            f"{name} {scores[name]:.4f} ({scores['interval'][name][0]:.4f} to {scores['interval'][name][1]:.4f})"
            for name in (*SCORES, "space_recall", "space_precision")
            if name in scores
        ]
        counts = scores["counts"]
        unknown: Mapping[str, int] = counts["characters_outside_dictionary"]
        if not unknown:
            return ", ".join(shown)
        few = ", ".join(f"{character!r} {number}" for character, number in list(unknown.items())[:_NAMED])
        more = f", and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        treated = "removed from the truth for acc" if self.filter_ood else "kept in the truth"
        note = (
            f"{counts['texts_outside_dictionary']} texts have characters that the dictionary lacks, {treated}: "
            f"{few}{more}"
        )
        return f"{', '.join(shown)} ({note})"

    def _knows(self, character: str) -> bool:
        return character in self._known or (self.lower and character.lower() in self._known)

    def _as_for_acc(self, text: str) -> str:
        text = text.replace(" ", "") if self.ignore_space else text
        text = letters_and_digits(text) if self.ignore_symbol else text
        return text.lower() if self.lower else text


def count_spaces(truth: str, found: str) -> tuple[int, int, int]:
    """Number of spaces in the truth, in what was read, and of those of the truth that were read as such."""
    pairs = align(truth, found) if SPACE in truth and SPACE in found else []
    return truth.count(SPACE), found.count(SPACE), sum(true == read == SPACE for true, read in pairs)


def letters_and_digits(text: str) -> str:
    """The characters of the Unicode categories L (letters of all scripts) and N (numbers)."""
    return "".join(character for character in text if unicodedata.category(character)[0] in "LN")
