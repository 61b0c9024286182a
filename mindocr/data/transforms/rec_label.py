"""From the text of a line to the classes that a CTC loss takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.errors import ConfigError, DataError
from mindocr.formats.dictionary import TextClasses
from mindocr.formats.label_file import shorten
from mindocr.registry import TRANSFORMS

_LISTED = 5


@TRANSFORMS.register
class RecLabelEncode:
    """Encode ``text`` as classes of a dictionary, padded with the blank, 0.

    A text that cannot be encoded makes its sample unusable: the run stops with a message, or with ``on_error: skip`` of
    the data set leaves the sample out and lists it.

    Args:
        max_text_len: longest text, in characters.
        characters: the characters of classes 1, 2, ..., as a text or a list. With neither this nor
            ``character_dict_path``, the dictionary is that of the post-processing.
        character_dict_path: dictionary file, one character a line, UTF-8.
        use_space_char: a class for the space follows those of the dictionary.
        lower: encode letters as lower case.
        unknown: what to do with a character that the dictionary lacks: ``error`` makes the sample unusable, ``drop``
            leaves the character out.

    Raises:
        ConfigError: both dictionaries are given, one cannot be used, or ``max_text_len`` is below 1.
    """

    reads = ("text",)
    writes = ("text_seq", "text_length")

    def __init__(
        self,
        max_text_len: int = 25,
        characters: str | Sequence[str] | None = None,
        character_dict_path: str | None = None,
        use_space_char: bool = True,
        lower: bool = False,
        unknown: Literal["error", "drop"] = "error",
    ) -> None:
        if max_text_len < 1:
            raise ConfigError(f"RecLabelEncode: max_text_len must be 1 or more, got {max_text_len}")
        if characters is not None and character_dict_path is not None:
            raise ConfigError("RecLabelEncode: give either characters or character_dict_path, not both")
        self.max_text_len, self.lower, self.unknown = max_text_len, lower, unknown
        self._numbers: dict[str, int] = {}
        self._known: frozenset[str] = frozenset()
        if characters is not None or character_dict_path is not None:
            try:
                self._numbers = TextClasses(characters, character_dict_path, use_space_char).numbers
            except DataError as error:
                raise ConfigError(f"RecLabelEncode: {error}") from None
            self._known = frozenset(self._numbers)

    def examine(self, text: str) -> tuple[str, list[str]]:
        """What of a text can be encoded, before any image is read; see ``datasets/label_check.py``.

        Returns:
            The characters that are encoded, all if no dictionary is known; and those that the dictionary lacks.
        """
        text = text.lower() if self.lower else text
        if not self._known or self._known.issuperset(text):
            return text, []
        kept = "".join(character for character in text if character in self._known)
        return kept, [character for character in text if character not in self._known]

    def __call__(self, sample: DetSample) -> DetSample:
        """Encode.

        Raises:
            ConfigError: no dictionary is known.
            DataError: the text is too long, has a character that the dictionary lacks, or none that it has.
        """
        if not self._numbers:
            raise ConfigError("RecLabelEncode: no dictionary; set character_dict_path of the post-processing")
        text = sample["text"].lower() if self.lower else sample["text"]
        lacking = list(dict.fromkeys(character for character in text if character not in self._numbers))
        if lacking and self.unknown == "error":
            few = ", ".join(map(repr, lacking[:_LISTED])) + (", ..." if len(lacking) > _LISTED else "")
            raise DataError(
                f"{shorten(text)}: the dictionary lacks {few}; use another dictionary, unknown: drop, or on_error: skip"
            )
        numbers = [self._numbers[character] for character in text if character in self._numbers]
        if not 1 <= len(numbers) <= self.max_text_len:
            problem = f"above max_text_len {self.max_text_len}" if numbers else "none of them in the dictionary"
            raise DataError(
                f"{shorten(text)}: {len(text)} characters, {problem}; correct the text, change RecLabelEncode, or set "
                "on_error: skip to leave such texts out"
            )
        sequence = np.zeros(self.max_text_len, np.int32)
        sequence[: len(numbers)] = numbers
        return {**sample, "text_seq": sequence, "text_length": np.array(len(numbers), np.int32)}
