"""From the time steps of a line to its words and characters: where each begins and ends.

The time steps of a CTC head divide the width of a line into equal parts, and a character is read at one or a few of
them, near its middle. So the middles are known. The edges are estimated from the distances of the middles.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mindocr.predictions.text import Character, Text

# Probability of a space between two characters above which they belong to different words. The network is trained on
# texts of several words, and hesitates between blank and space where a narrow gap separates words.
SPACE = 0.02
GAP = 2.0  # free width between two characters that separates words without a space, in ordinary letters
END = 0.5  # a word reaches to the end of its line if it is that near, in heights of the line

NARROW, BROAD = frozenset("iljftrI1|!.,:;'`\"()[]{}-"), frozenset("mwMW@%&")
NARROW_WIDTH, BROAD_WIDTH, FULL_WIDTH = 0.6, 1.4, 2.0  # in ordinary letters
LETTER = 0.45  # width of an ordinary letter where the line does not show it, in heights of the line


@dataclass(frozen=True)
class Span:
    """Neighbouring characters of a line, and where they are.

    Attributes:
        text: the characters.
        left, right: shares of the line's width, from 0 to 1.
        confidence: mean probability of the characters, in [0, 1].
    """

    text: str
    left: float
    right: float
    confidence: float


def words_of(line: Text, ratio: float) -> list[Span]:
    """The words of a line, from left to right; they do not overlap.

    Two characters belong to different words if there is a space between them, if the recogniser took a space into
    account, or if the gap between them is wider than two letters of this line. Characters of scripts that are written
    without spaces, such as Chinese, therefore stay together up to the next space or gap.

    Args:
        line: the text with its time steps.
        ratio: width of the line / its height.
    """
    return _spans(line, ratio, every_character=False)


def characters_of(line: Text, ratio: float) -> list[Span]:
    """The characters of a line without its spaces, from left to right; arguments as for :func:`words_of`."""
    return _spans(line, ratio, every_character=True)


def _spans(line: Text, ratio: float, every_character: bool) -> list[Span]:
    kept = [i for i, each in enumerate(line.characters) if each.text.strip()]
    if not kept:
        return []
    characters = [line.characters[i] for i in kept]
    widths = np.array([_width(each.text) for each in characters])
    middles = line.spans()[kept].mean(axis=1) * ratio  # from here on in heights of the line
    spaces = np.array([max(each.space for each in line.characters[i + 1 : j + 1]) for i, j in zip(kept, kept[1:])])
    spaces[np.diff(kept) > 1] = 1
    distances, letters = np.diff(middles), (widths[1:] + widths[:-1]) / 2
    letter = _letter(distances, letters, spaces)
    apart = (spaces > SPACE) | (distances - letters * letter > GAP * letter)
    cuts = np.ones_like(apart) if every_character else apart
    firsts = [0, *(np.flatnonzero(cuts) + 1).tolist()]
    lasts = [*np.flatnonzero(cuts).tolist(), len(kept) - 1]
    half = widths * letter / 2
    edges = _edges((middles - half)[firsts], (middles + half)[lasts], ratio)
    return [_span(characters[a : b + 1], *edge) for a, b, edge in zip(firsts, lasts, edges.tolist())]


def _letter(distances: np.ndarray, letters: np.ndarray, spaces: np.ndarray) -> float:
    """Width of an ordinary letter, in heights of the line: the lower median over neighbours in words."""
    within = spaces <= SPACE
    return float(np.quantile(distances[within] / letters[within], 0.5, method="lower")) if within.any() else LETTER


def _edges(lefts: np.ndarray, rights: np.ndarray, ratio: float) -> np.ndarray:
    """(N, 2) left and right edges as shares of the width, without overlaps."""
    lefts[0] = 0 if lefts[0] < END else lefts[0]
    rights[-1] = ratio if rights[-1] > ratio - END else rights[-1]
    between = (rights[:-1] + lefts[1:]) / 2
    overlap = rights[:-1] > lefts[1:]
    rights[:-1][overlap] = lefts[1:][overlap] = between[overlap]
    # A narrow word between two wide ones may lose more than its width.
    lefts = np.maximum.accumulate(lefts)
    rights = np.maximum(rights, lefts)
    return np.clip(np.stack([lefts, rights], axis=1) / ratio, 0, 1)


def _span(characters: Sequence[Character], left: float, right: float) -> Span:
    text = "".join(each.text for each in characters)
    return Span(text, left, right, float(np.mean([each.confidence for each in characters])))


def _width(text: str) -> float:
    """Width of a character, in ordinary letters."""
    if unicodedata.east_asian_width(text[0]) in "WF":
        return FULL_WIDTH
    return NARROW_WIDTH if text in NARROW else BROAD_WIDTH if text in BROAD else 1.0
