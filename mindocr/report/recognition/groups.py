"""Accuracy by properties of the text: length, script, signs, height of the line, confidence; with intervals."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from mindocr.geometry import min_area_quad
from mindocr.metrics.interval import wilson
from mindocr.report.curves import Bin
from mindocr.report.recognition.word import Word

Name = Callable[[Word], str | None]

LENGTHS = (1, 2, 3, 5, 8, 12, 20, 40)  # first length of each group
HEIGHTS = (0, 8, 12, 16, 24, 32, 48)  # pixels
CONFIDENCES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
MOST = 7  # kinds in a chart; the rarest are put together

_SCRIPTS = {"CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean"}


def by_length(words: Sequence[Word], accuracy: str) -> list[Bin]:
    """By the number of characters of the ground truth."""
    return _in_ranges(words, accuracy, lambda word: len(word.truth), LENGTHS, whole=True)


def by_height(words: Sequence[Word], accuracy: str) -> list[Bin]:
    """By the short side of the smallest rectangle around the text, in pixels; empty if no polygon is known."""
    return _in_ranges(words, accuracy, _height, HEIGHTS)


def by_confidence(words: Sequence[Word], accuracy: str) -> list[Bin]:
    """By the confidence of what was read."""
    return _in_ranges(words, accuracy, lambda word: word.confidence, CONFIDENCES)


def by_script(words: Sequence[Word], accuracy: str) -> list[Bin]:
    """By the script of the ground truth, most frequent first."""
    return _by_name(words, accuracy, lambda word: script_of(word.truth))


def by_signs(words: Sequence[Word], accuracy: str) -> list[Bin]:
    """By the kinds of signs in the ground truth: letters, digits, others."""
    return _by_name(words, accuracy, lambda word: signs_of(word.truth))


def script_of(text: str) -> str:
    """The script of the letters; a text without letters is ``digits`` or ``signs``."""
    letters = [c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c).startswith("L")]
    scripts = {_script(letter) for letter in letters}
    if scripts == {"Chinese", "Japanese"}:
        return "Japanese"
    if len(scripts) > 1:
        return "several"
    if scripts:
        return scripts.pop()
    return "digits" if any(character.isnumeric() for character in text) else "signs"


def signs_of(text: str) -> str:
    """``letters``, ``digits``, ``mixed`` (both), or ``with signs`` (others too); white space does not count."""
    kinds = {unicodedata.category(character)[0] for character in text if not character.isspace()} - {"M"}
    if kinds - {"L", "N"}:
        return "with signs"
    return {"L": "letters", "N": "digits", "": "nothing"}.get("".join(kinds), "mixed")


def count(name: str, words: Sequence[Word], right: Callable[[Word], bool]) -> Bin:
    """How many of these texts are right, with the interval of the share."""
    hits = sum(map(right, words))
    return Bin(name, len(words), hits, *wilson(hits, len(words)))


def _script(letter: str) -> str:
    first = unicodedata.name(letter, "UNKNOWN").split()[0].split("-")[0]
    return _SCRIPTS.get(first, first.capitalize())


def _height(word: Word) -> float | None:
    if word.polygon is None:
        return None
    return float(min_area_quad(np.asarray(word.polygon, dtype=np.float32))[1][0])


def _by_name(words: Sequence[Word], accuracy: str, name_of: Name) -> list[Bin]:
    groups: dict[str, list[Word]] = {}
    for word in words:
        name = name_of(word)
        if name is not None:
            groups.setdefault(name, []).append(word)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    if len(ordered) > MOST:
        rare = [word for _, group in ordered[MOST - 1 :] for word in group]
        ordered = [*ordered[: MOST - 1], ("others", rare)]
    return [count(name, group, lambda word: word.result.right[accuracy]) for name, group in ordered]


def _in_ranges(
    words: Sequence[Word],
    accuracy: str,
    measure: Callable[[Word], float | None],
    starts: Sequence[float],
    whole: bool = False,
) -> list[Bin]:
    """Groups [start, next start); empty ones at both ends are left out."""
    groups: list[list[Word]] = [[] for _ in starts]
    for word in words:
        value = measure(word)
        if value is not None:
            groups[max(int(np.searchsorted(starts, value, side="right")) - 1, 0)].append(word)
    held = [i for i, group in enumerate(groups) if group]
    return [
        count(_range(starts, i, whole), groups[i], lambda word: word.result.right[accuracy])
        for i in (range(held[0], held[-1] + 1) if held else ())
    ]


def _range(starts: Sequence[float], i: int, whole: bool) -> str:
    if i + 1 == len(starts):
        return f"{starts[i]:g}+"
    last = starts[i + 1] - whole
    return f"{starts[i]:g}" if last == starts[i] else f"{starts[i]:g}–{last:g}"
