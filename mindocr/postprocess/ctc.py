"""From the distributions of a CTC head to texts: the most probable class of each time step (Graves et al., 2006)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.errors import ConfigError
from mindocr.formats.dictionary import SPACE, TextClasses
from mindocr.predictions.text import Character, Text
from mindocr.registry import POSTPROCESSES

BLANK = 0


@POSTPROCESSES.register
class CTCDecode:
    """Greedy decoding: take the best class of each step, merge repeats, drop the blank.

    Args:
        characters: the characters of classes 1, 2, ..., as a text or a list; for a file use ``character_dict_path``.
            With neither, training and evaluation take the dictionary of the checkpoint that they load.
        character_dict_path: dictionary file, one character a line, UTF-8.
        use_space_char: a class for the space follows those of the dictionary.

    Raises:
        ConfigError: neither or both of the dictionaries are given.
        DataError: the dictionary cannot be used.
    """

    reads: tuple[str, ...] = ("probs",)
    columns: tuple[str, ...] = ()
    gives = Text

    def __init__(
        self,
        characters: str | Sequence[str] | None = None,
        character_dict_path: str | None = None,
        use_space_char: bool = True,
    ) -> None:
        if (characters is None) == (character_dict_path is None):
            raise ConfigError(
                "CTCDecode: give either characters or character_dict_path; with neither, training and evaluation take "
                "the dictionary of the checkpoint that they load"
            )
        self.classes = TextClasses(characters, character_dict_path, use_space_char).classes
        self._space = self.classes.index(SPACE) if SPACE in self.classes else 0

    def __call__(self, probs: np.ndarray) -> list[Text]:
        """Decode (N, T, C) float32 probabilities; class 0 is the blank.

        Raises:
            ConfigError: C is not the number of classes of the dictionary.
        """
        if probs.shape[2] != len(self.classes):
            raise ConfigError(
                f"the network has {probs.shape[2]} classes, but the dictionary needs {len(self.classes)}: the blank, "
                f"its characters, and the space if use_space_char is set; use the dictionary of this network"
            )
        best = probs.argmax(axis=2)
        sure = np.take_along_axis(probs, best[..., None], axis=2)[..., 0]
        spaces = probs[..., self._space] if self._space else np.zeros_like(sure)
        return [self._text(*row) for row in zip(best, sure, spaces)]

    def _text(self, best: np.ndarray, sure: np.ndarray, spaces: np.ndarray) -> Text:
        """The text of (T,) classes, with their probabilities and those of the space."""
        changes = np.flatnonzero(best[1:] != best[:-1]) + 1
        starts, ends = np.concatenate([[0], changes]), np.concatenate([changes, [len(best)]])
        kept = best[starts] != BLANK if len(best) else np.zeros(1, dtype=bool)
        starts, ends = starts[kept], ends[kept]
        characters = [
            Character(self.classes[best[a]], int(a), int(b), float(sure[a]), float(spaces[last:a].max(initial=0)))
            for last, a, b in zip([0, *ends], starts, ends)
        ]
        confidence = float(sure[starts].mean()) if characters else 0.0
        return Text("".join(each.text for each in characters), confidence, characters, len(best))
