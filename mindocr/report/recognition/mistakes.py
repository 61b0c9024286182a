"""Kinds of mistakes: one tag for each text that was not read exactly, with the advice that belongs to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from mindocr.metrics.edit_distance import edit_distance
from mindocr.metrics.rec_metric import letters_and_digits
from mindocr.report.recognition.word import Word

FAR = 0.5  # similarity below which two texts have little in common

EMPTY, UNKNOWN, CASE, SPACES, SIGNS = (
    "nothing read", "not in the dictionary", "case only", "spaces only", "punctuation only"
)  # fmt: skip
SHORT, LONG, ONE, OTHER, SEVERAL = "cut off", "too much read", "one character", "another text", "several characters"


class Kind(NamedTuple):
    """What a tag means, and what to do about it."""

    meaning: str
    advice: str


KINDS = {
    EMPTY: Kind(
        "no character was read",
        "look at the crops: texts that are too small or too blurred, vertical, or in a script that the network does "
        "not know",
    ),
    UNKNOWN: Kind(
        "the text has characters that the dictionary lacks, so it cannot be read exactly",
        "train with a dictionary that has them (postprocess.character_dict_path); acc leaves them out unless "
        "metric.filter_ood is False",
    ),
    CASE: Kind(
        "upper and lower case are exchanged",
        "if the case does not matter, compare by acc or case_insensitive; else train on texts in both cases",
    ),
    SPACES: Kind(
        "spaces are missing, or there are additional ones",
        "train on texts with spaces, with use_space_char: True; for words, read with level word",
    ),
    SIGNS: Kind(
        "letters and digits are right, other signs are not",
        "if signs do not matter, compare by alphanumeric; else look whether they are labelled everywhere",
    ),
    SHORT: Kind(
        "the beginning or the end is missing",
        "look at the crops: polygons that cut off characters; texts that ResizeTextLine.max_width squeezes; more "
        "characters than time steps",
    ),
    LONG: Kind(
        "the text was read, and more before or behind it",
        "look at the crops: polygons that contain parts of the neighbours",
    ),
    ONE: Kind("one character is wrong, missing or additional", "see the confusion of characters below"),
    OTHER: Kind(
        f"less than {FAR:.0%} in common with the text",
        "look at the crops: a wrong label, a text that is turned by 180 degrees or vertical, unusual lettering",
    ),
    SEVERAL: Kind("several characters are wrong", "see the confusion of characters below; more such texts in training"),
}


class Row(NamedTuple):
    """One kind of mistakes.

    Attributes:
        tag: its name.
        texts: how many have it.
        right: how many of them count as right by the accuracy of the report.
        exact: share of exact texts if this kind did not occur, in [0, 1].
    """

    tag: str
    texts: int
    right: int
    exact: float


def tag_of(word: Word) -> str:
    """The first kind that applies to a text that was not read exactly."""
    truth, found = word.truth.lower(), word.found.lower()
    rules = {
        EMPTY: not found,
        UNKNOWN: bool(word.result.unknown),
        CASE: truth == found,
        SPACES: without_spaces(truth) == without_spaces(found),
        SIGNS: letters_and_digits(truth) == letters_and_digits(found) != "",
        SHORT: len(truth) - len(found) > 1 and truth.startswith(found) or len(found) > 1 and truth.endswith(found),
        LONG: len(found) - len(truth) > 1 and (found.startswith(truth) or found.endswith(truth)),
        ONE: edit_distance(truth, found) == 1,
        OTHER: word.similarity < FAR,
    }
    return next((tag for tag, applies in rules.items() if applies), SEVERAL)


def without_spaces(text: str) -> str:
    """The text without white space of any kind."""
    return "".join(text.split())


def rows_of(words: Sequence[Word], tags: Sequence[str], accuracy: str) -> list[Row]:
    """The kinds that occur, most frequent first.

    Args:
        words: all texts.
        tags: the tag of each text; empty for exact ones.
        accuracy: name of the accuracy of the report.
    """
    texts = Counter(tag for tag in tags if tag)
    right = Counter(tag for word, tag in zip(words, tags) if tag and word.result.right[accuracy])
    exact = sum(not tag for tag in tags)
    return [Row(tag, number, right[tag], (exact + number) / len(words)) for tag, number in texts.most_common()]
