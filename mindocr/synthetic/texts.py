"""Texts for generated lines: everyday words, random strings, the entries of a list, or pieces of a running text."""

from __future__ import annotations

import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.dictionary import SPACE
from mindocr.synthetic.words import LATIN, random_word

SourceKind = Literal["words", "random", "list", "corpus"]
LETTERS_AND_DIGITS = string.digits + string.ascii_letters
TRIES = 1000  # draws until a text has the wanted length


@dataclass(frozen=True)
class TextOptions:
    """What generated lines say.

    Args:
        source: ``words``: everyday English words, numbers and random letters; ``random``: random strings of
            ``characters``; ``list``: entries of ``text_file``, one a line; ``corpus``: pieces of the running text in
            ``text_file``, cut between words where it has spaces.
        text_file: UTF-8 file of ``list`` and ``corpus``.
        characters: the only characters that may be drawn; None = all, for ``random`` letters and digits. A letter that
            is not among them is drawn in its other case if that is. The space is always allowed.
        length: smallest and largest number of characters of a line, spaces included.
        words: smallest and largest number of words (entries of the list) of a line; not for ``corpus``.

    Raises:
        DataError: a value is out of its range.
    """

    source: SourceKind = "words"
    text_file: str | None = None
    characters: Sequence[str] | None = None
    length: tuple[int, int] = (1, 25)
    words: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        if self.source not in get_args(SourceKind):
            raise DataError(f"source: expected {', '.join(get_args(SourceKind))}, got {self.source!r}")
        if (self.source in ("list", "corpus")) != (self.text_file is not None):
            raise DataError(
                f"source {self.source}: expected a text_file" if self.text_file is None else
                f"source {self.source} reads no text_file; choose the source list or corpus"
            )  # fmt: skip
        for name in ("length", "words"):
            pair = tuple(getattr(self, name))
            if len(pair) != 2 or not 1 <= pair[0] <= pair[1]:
                raise DataError(f"{name}: expected two whole numbers, 1 <= smallest <= largest, got {list(pair)}")


class Texts:
    """Draws the texts of lines.

    Args:
        options: where they come from.

    Attributes:
        characters: all characters that a text may have.
        left_out: characters of ``text_file`` that are not among ``options.characters``, with their number.

    Raises:
        DataError: the file cannot be read, or has no usable text.
    """

    def __init__(self, options: TextOptions) -> None:
        self.options = options
        self.left_out: Counter[str] = Counter()
        self._entries: list[str] = []
        allowed = None if options.characters is None else set(options.characters)
        if options.source == "words":
            self.characters = set(LATIN) if allowed is None else set(_clean(LATIN, allowed))
        elif options.source == "random":
            self.characters = set(LETTERS_AND_DIGITS if allowed is None else allowed) - {SPACE}
        else:
            self._read(allowed)
            self.characters = set().union(*self._entries) - {SPACE}
        self._sort()
        if not self.characters:
            raise DataError(f"{options.text_file or 'characters'}: no text that can be drawn with these characters")

    def restrict(self, drawable: frozenset[str]) -> None:
        """Leave out all other characters from now on, such as those that no font has.

        Raises:
            DataError: nothing is left.
        """
        self.characters &= drawable
        self._entries = [entry for entry in (_clean(each, self.characters) for each in self._entries) if entry]
        self._sort()
        if not self.characters or (self.options.text_file and not self._entries):
            raise DataError(f"{self.options.text_file or 'characters'}: none of the texts can be drawn")

    def draw(self, rng: np.random.Generator) -> str:
        """A text of the wanted length, without spaces at its ends.

        Raises:
            DataError: no text of this length is found.
        """
        low, high = self.options.length
        for _ in range(TRIES):
            text = self._piece(rng) if self.options.source == "corpus" else self._words(rng)
            if low <= len(text) <= high:
                return text
        raise DataError(
            f"{self.options.text_file or f'source {self.options.source}'}: {TRIES} draws gave no text of {low} to "
            f"{high} characters; change the length, or the number of words"
        )

    def _words(self, rng: np.random.Generator) -> str:
        """Words, as many as fit."""
        fewest, most = self.options.words
        count, high = int(rng.integers(fewest, most + 1)), self.options.length[1]
        if self.options.source == "random":
            return self._random_string(rng, count)
        text = self._entry(rng)
        for _ in range(count - 1):
            longer = f"{text} {self._entry(rng)}".strip()
            if len(longer) > high:
                break
            text = longer
        return text

    def _entry(self, rng: np.random.Generator) -> str:
        if self.options.source == "list":
            return self._entries[rng.integers(len(self._entries))]
        word = random_word(rng)
        return word if self._all_latin else _clean(word, self.characters)

    def _random_string(self, rng: np.random.Generator, words: int) -> str:
        low, high = self.options.length
        length = int(rng.integers(low, high + 1))
        letters = [self._sorted[i] for i in rng.integers(len(self._sorted), size=length)]
        inner = np.arange(1, length - 1, 2)  # no two spaces side by side, none at the ends
        for place in rng.choice(inner, min(words - 1, len(inner)), replace=False) if words > 1 else ():
            letters[place] = SPACE
        return "".join(letters)

    def _piece(self, rng: np.random.Generator) -> str:
        """A piece of the running text; it begins and ends between words if the words are not too long."""
        low, high = self.options.length
        (text,) = self._entries
        length, start = int(rng.integers(low, high + 1)), int(rng.integers(len(text)))
        begin = text.rfind(SPACE, 0, start + 1) + 1
        if start - begin < high:
            start = begin
        piece = text[start : start + length]
        if text[start + length : start + length + 1] not in ("", SPACE):  # it ends within a word
            whole, _, _ = piece.rpartition(SPACE)
            end = text.find(SPACE, start)
            word = text[start : end if end >= 0 else len(text)]
            if whole or len(word) <= high:
                piece = whole or word
        return piece.strip()

    def _read(self, allowed: set[str] | None) -> None:
        file = Path(str(self.options.text_file))
        try:
            content = file.read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise DataError(f"text_file: {file} cannot be read ({error.strerror or error})") from None
        except UnicodeDecodeError as error:
            raise DataError(f"text_file: {file} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
        content = unicodedata.normalize("NFC", content)
        raw = content.splitlines() if self.options.source == "list" else [content]
        if allowed is None:
            allowed = set(content)
        counts = Counter(content)
        self.left_out.update({c: n for c, n in counts.items() if not (c.isspace() or _in_case(allowed)(c))})
        for entry in raw:
            kept = _clean(" ".join(entry.split()), allowed)
            if kept and (self.options.source == "corpus" or len(kept) <= self.options.length[1]):
                self._entries.append(kept)
        if not self._entries:
            raise DataError(
                f"text_file: {file} has no text of at most {self.options.length[1]} characters of the dictionary"
            )

    def _sort(self) -> None:
        self._sorted = sorted(self.characters)
        self._all_latin = self.characters >= set(LATIN)


def _in_case(allowed: set[str]) -> Callable[[str], str]:
    """What is drawn for a character: itself, its other case, or nothing."""
    return lambda c: c if c in allowed else c.swapcase() if c.swapcase() in allowed else ""


def _clean(text: str, allowed: set[str]) -> str:
    """The text with its allowed characters only, letters in their other case where only that is allowed."""
    if SPACE in text:
        return " ".join(" ".join(_clean(word, allowed) for word in text.split(SPACE)).split())
    return text if allowed.issuperset(text) else "".join(map(_in_case(allowed), text))
