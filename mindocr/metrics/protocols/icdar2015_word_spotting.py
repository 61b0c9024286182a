"""ICDAR 2015 "Incidental Scene Text", task 4.4: word spotting, which looks only for words of letters."""

from __future__ import annotations

from mindocr.metrics.end_to_end import EndToEndProtocol
from mindocr.metrics.protocols import PROTOCOLS

SHORTEST = 3  # characters of a word that counts
_TO_BLANK = str.maketrans(dict.fromkeys("'!?.:,*\"()·[]/", " "))
_LETTERS = (("a", "z"), ("A", "Z"), ("\u00c0", "\u01bf"), ("\u01c4", "\u027f"), ("\u0386", "\u03ff"))
_NO_LETTERS = "×÷"  # in the ranges of letters


@PROTOCOLS.register(name="icdar2015_word_spotting")
class Icdar2015WordSpotting(EndToEndProtocol):
    """As ``icdar2015_e2e``, but only words of three or more letters count, and punctuation around them does not.

    1. Each text of the ground truth is cleaned, see :func:`clean`.
    2. A text becomes a do-not-care region if its cleaned form has blanks inside, fewer than three characters, or a
       character that is neither a hyphen nor a letter of the ranges a-z, A-Z, U+00C0-U+01BF, U+01C4-U+027F and
       U+0386-U+03FF. So texts with digits do not count, nor do those in other scripts.
    3. Pairs are formed as for ``icdar2015``; the cleaned text must equal the detection's text, both in upper case.
       Nothing is removed from the detection's text.
    """

    def counts(self, truth: str) -> bool:
        """Whether a ground-truth text counts."""
        word = clean(truth)
        return len(word) >= SHORTEST and all(map(_may_be_in_word, word))

    def agree(self, truth: str, found: str) -> bool:
        """Whether a text was read right."""
        return clean(truth).upper() == found.upper()


def clean(text: str) -> str:
    """The word in a text: without a final ``'s``, hyphens at both ends, and punctuation, which becomes blanks.

    Blanks at both ends are removed last, so hyphens inside punctuation stay.
    """
    text = text[:-2] if text.endswith(("'s", "'S")) else text
    return text.strip("-").translate(_TO_BLANK).strip()


def _may_be_in_word(character: str) -> bool:
    if character in _NO_LETTERS:
        return False
    return character == "-" or any(first <= character <= last for first, last in _LETTERS)
