"""The parts of a set of generated lines, checked and ready: line number -> line."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from mindocr.synthetic.background import find_photos
from mindocr.synthetic.fonts import find_fonts
from mindocr.synthetic.glyphs import Fonts
from mindocr.synthetic.line import Line, LineOptions, make_line
from mindocr.synthetic.texts import TextOptions, Texts

log = logging.getLogger(__name__)

_LISTED = 20


class LineSource:
    """Generates the lines of a set; it can be sent to other processes.

    Args:
        options: look of the lines.
        text_options: what they say.
        font_dir: the user's fonts; half of the lines that they can write use them.
        built_in_fonts: use the fonts of matplotlib too.
        background_dir: the user's photographs, for half of the backgrounds.
        seed: of the set.

    Attributes:
        texts, fonts, photos: see :func:`~mindocr.synthetic.line.make_line`.

    Raises:
        DataError: a folder or file is missing or has nothing usable, or no font can draw the texts.
    """

    def __init__(
        self,
        options: LineOptions,
        text_options: TextOptions,
        font_dir: str | Path | None = None,
        built_in_fonts: bool = True,
        background_dir: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        self.options, self.seed = options, seed
        self.texts = Texts(text_options)
        faces = find_fonts(font_dir, built_in=built_in_fonts, any_script=True)
        self.fonts = Fonts(faces, self.texts.characters)
        self.texts.restrict(self.fonts.characters)
        self.photos = find_photos(background_dir)

    def line(self, split: int, number: int) -> Line:
        """Line ``number`` of part ``split`` (0 = training, 1 = test); both not below 0."""
        return make_line(self.options, self.texts, self.fonts, self.photos, (self.seed, split, number))

    def notes(self) -> list[str]:
        """A sentence on each kind of character that is never drawn; none if there are none."""
        found = []
        if self.fonts.lacking:
            found.append(
                f"{len(self.fonts.lacking)} characters are never drawn, because no font has them or they depend on "
                f"their neighbours: {shorten(self.fonts.lacking)}; set font_dir to a folder with fonts that have them"
            )
        if self.texts.left_out:
            total = sum(self.texts.left_out.values())
            found.append(
                f"{self.texts.options.text_file}: {total} characters are left out, because the dictionary lacks them: "
                + shorten([f"{c} ({count})" for c, count in self.texts.left_out.most_common()])
            )
        return found


def shorten(items: Sequence[str]) -> str:
    """The first 20 items of a list, in a sentence."""
    return " ".join(items[:_LISTED]) + (" ..." if len(items) > _LISTED else "")
