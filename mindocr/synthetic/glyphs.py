"""Which characters fonts can draw, and a font for each text."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable

import numpy as np

from mindocr.errors import DataError
from mindocr.synthetic.fonts import FontFace, load_font, read_charmap

SPACE = " "
TEST_SIZE = 24  # pixels per em, to see whether a glyph is blank
NO_CHARACTER = "\uffff"  # Unicode assigns it to nothing, so a font draws its sign for a missing glyph
OWN_SHARE = 0.5  # of the lines, where the user has own fonts that can write the text


def needs_shaping(character: str) -> bool:
    """Whether the form or place of a character depends on its neighbours: marks, and scripts from right to left.

    Texts are drawn letter by letter from left to right, which would draw such characters wrong.
    """
    return unicodedata.category(character)[0] in "MC" or unicodedata.bidirectional(character) in ("R", "AL")


class Fonts:
    """Fonts, each with the characters that it can draw.

    A character counts if the font has a glyph for it that is neither blank nor the font's sign for a missing glyph, and
    if it needs no shaping. The space always counts.

    Args:
        faces: the fonts.
        characters: those that may have to be drawn.

    Attributes:
        characters: those of them that at least one font can draw.
        lacking: those that none can draw, sorted.

    Raises:
        DataError: no font can draw any of them.
    """

    def __init__(self, faces: tuple[FontFace, ...], characters: Iterable[str]) -> None:
        wanted = set(characters) - {SPACE}
        simple = {character for character in wanted if not needs_shaping(character)}
        drawn = [(face, _drawn_by(face.path, simple)) for face in faces]
        self._fonts = [(face, known | {SPACE}) for face, known in drawn if known]
        self._own = [font for font in self._fonts if font[0].own]
        self.characters = frozenset().union(*(known for _, known in drawn))
        self.lacking = sorted(wanted - self.characters)
        if not self._fonts:
            raise DataError(
                f"none of the {len(faces)} fonts can draw any of the {len(wanted)} characters of the texts; set "
                "font_dir to a folder with fonts of this script"
            )

    @property
    def names(self) -> list[str]:
        """The fonts that are used."""
        return [face.name for face, _ in self._fonts]

    def path_for(self, text: str) -> str:
        """The file of the first font that can draw the most of a text."""
        return max(self._fonts, key=lambda font: sum(character in font[1] for character in text))[0].path

    def choose(self, rng: np.random.Generator, text: str) -> tuple[FontFace, str, str]:
        """A random font for a text.

        A font that can draw all of the text is preferred; if there is none, one of those that can draw the most of it.

        Returns:
            The font, the text that it can draw, and the characters that are left out.
        """
        fonts = self._own if self._own and rng.random() < OWN_SHARE else self._fonts
        needed = set(text)
        fitting = [font for font in fonts if needed <= font[1]] or [font for font in self._fonts if needed <= font[1]]
        if fitting:
            return fitting[rng.integers(len(fitting))][0], text, ""
        counts = [sum(character in known for character in text) for _, known in self._fonts]
        best = [font for font, count in zip(self._fonts, counts) if count == max(counts)]
        face, known = best[rng.integers(len(best))]
        kept = "".join(character for character in text if character in known)
        return face, " ".join(kept.split()), "".join(character for character in text if character not in known)


def _drawn_by(path: str, characters: set[str]) -> frozenset[str]:
    charmap = read_charmap(path)
    missing = _ink(path, NO_CHARACTER)
    return frozenset(
        character
        for character in characters
        if ord(character) in charmap and any(_ink(path, character)) and _ink(path, character) != missing
    )


@functools.lru_cache(maxsize=4096)
def _ink(path: str, character: str) -> bytes:
    """The drawn character, as bytes; empty or zero if it is blank."""
    return bytes(load_font(path, TEST_SIZE).getmask(character, mode="L"))
