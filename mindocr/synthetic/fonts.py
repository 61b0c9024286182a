"""Fonts: those of matplotlib and the user's own, and the words that each can write."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.errors import DataError
from mindocr.synthetic.words import CHINESE, LATIN
from mindocr.utils.search import find_files

SUFFIXES = (".ttf", ".otf", ".ttc")
BUILT_IN = ("DejaVuSans", "DejaVuSansMono", "DejaVuSerif", "STIXGeneral")
PLACEHOLDER_GLYPHS = 1_000_000  # a font with more characters than Unicode assigns draws boxes instead of letters

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FontFace:
    """One font file and the characters that it can write.

    Attributes:
        path: font file.
        name: file name without its ending.
        latin: every character of ``words.LATIN`` has a glyph.
        chinese: the words of ``words.CHINESE`` that have all their glyphs.
        own: the font is in the user's folder.
    """

    path: str
    name: str
    latin: bool
    chinese: tuple[str, ...]
    own: bool = False


def find_fonts(
    font_dir: str | Path | None = None, *, built_in: bool = True, any_script: bool = False
) -> tuple[FontFace, ...]:
    """The fonts of matplotlib, then those below ``font_dir``, each group sorted by path.

    Args:
        font_dir: the user's folder; None = none.
        built_in: include the fonts of matplotlib.
        any_script: accept every readable font of the user, not only those that can write the words of the scenes.

    Raises:
        DataError: ``font_dir`` is no folder or has no such font.
    """
    own: list[FontFace] = []
    if font_dir is not None:
        folder = Path(font_dir)
        if not folder.is_dir():
            raise DataError(f"font_dir: {folder} is not a folder; expected a folder with {', '.join(SUFFIXES)} files")
        own = _usable(find_files(folder, SUFFIXES).files, True, any_script)
        if not own:
            needed = "" if any_script else ", with letters and digits"
            raise DataError(f"font_dir: no usable font ({', '.join(SUFFIXES)}{needed}) in {folder}")
    faces = (*(_built_in() if built_in else ()), *own)
    if not faces:
        raise DataError("no usable font found in matplotlib; set --font_dir to a folder of fonts")
    return faces


@functools.lru_cache(maxsize=256)
def load_font(path: str, size: int) -> Any:
    """The Pillow font of ``path`` at ``size`` pixels per em, cached."""
    from PIL import ImageFont

    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=1)
def _built_in() -> tuple[FontFace, ...]:
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return tuple(_usable([p for p in sorted(folder.glob("*.ttf")) if p.stem.startswith(BUILT_IN)]))


@functools.lru_cache(maxsize=256)
def read_charmap(path: str) -> frozenset[int]:
    """Code points that a font file maps to a glyph, which may still be blank.

    Raises:
        RuntimeError, OSError: the file is no font, or cannot be read.
    """
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(path).get_charmap())


def _usable(paths: list[Path], own: bool = False, any_script: bool = False) -> list[FontFace]:
    faces = []
    for path in paths:
        try:
            glyphs = read_charmap(str(path))
        except (RuntimeError, OSError) as error:
            log.warning("font %s skipped: %s", path, error)
            continue
        if len(glyphs) > PLACEHOLDER_GLYPHS:
            continue
        latin = all(ord(c) in glyphs for c in LATIN)
        chinese = tuple(word for word in CHINESE if all(ord(c) in glyphs for c in word))
        if latin or chinese or (any_script and glyphs):
            faces.append(FontFace(str(path), path.stem, latin, chinese, own))
    return faces
