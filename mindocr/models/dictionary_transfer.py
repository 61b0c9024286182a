"""The final layer of a recogniser for another character dictionary. Imports no MindSpore."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BLANK = ""
_LISTED = 10


@dataclass(frozen=True)
class Transfer:
    """Where each class of the new dictionary comes from.

    Attributes:
        rows: (number of new classes,) row of the old layer, -1 for a class that it does not have.
        added: characters that the old dictionary lacks.
        dropped: characters that the new dictionary lacks.
    """

    rows: np.ndarray
    added: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def is_identity(self) -> bool:
        """Whether both dictionaries are the same."""
        return not self.dropped and np.array_equal(self.rows, np.arange(len(self.rows)))

    def apply(self, array: np.ndarray) -> np.ndarray:
        """Weights (old classes, D) or biases (old classes,) -> those of the new classes.

        A class that is new starts from the mean of the old characters, without the blank: as probable as an average
        character, and equally far from all of them.
        """
        mean = array[1:].mean(0, keepdims=True, dtype=np.float64).astype(array.dtype)
        return np.concatenate([array, mean])[self.rows]

    def summary(self) -> str:
        """The numbers in one sentence."""
        kept = len(self.rows) - 1 - len(self.added)
        text = f"{kept} characters keep their rows of the final layer, and so does the blank"
        if self.added:
            text += f"; {len(self.added)} are new and start from the mean of the old ones ({_few(self.added)})"
        if self.dropped:
            text += f"; {len(self.dropped)} are not in the new dictionary any more ({_few(self.dropped)})"
        return text


def match_classes(old: Sequence[str], new: Sequence[str]) -> Transfer:
    """Match the classes of two dictionaries by their characters.

    Args:
        old, new: what each class adds to a text, see :class:`mindocr.formats.dictionary.TextClasses`; the blank, an
            empty text, is class 0 of both.

    Raises:
        ValueError: a list does not begin with the blank.
    """
    for name, classes in (("old", old), ("new", new)):
        if not classes or classes[0] != BLANK:
            raise ValueError(f"the {name} classes must begin with the blank, got {list(classes[:3])}")
    place: dict[str, int] = {}
    for row, character in enumerate(old):
        place[character] = row  # as in decoding, the class of the space is the last one that stands for it
    place[BLANK] = 0
    rows = np.array([place.get(character, -1) for character in new], np.int64)
    known = set(new)
    added = tuple(character for character in new if character not in place)
    return Transfer(rows, added, tuple(character for character in old if character not in known))


def _few(characters: Sequence[str]) -> str:
    shown = " ".join(map(repr, characters[:_LISTED]))
    return f"{shown} ..." if len(characters) > _LISTED else shown
