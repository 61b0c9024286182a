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


def find_fonts(font_dir: str | Path | None = None) -> tuple[FontFace, ...]:
    """The fonts of matplotlib, then those below ``font_dir``, each group sorted by path.

    Raises:
        DataError: ``font_dir`` is no folder or has no font that can write the words of the generator.
    """
    own: list[FontFace] = []
    if font_dir is not None:
        folder = Path(font_dir)
        if not folder.is_dir():
            raise DataError(f"font_dir: {folder} is not a folder; expected a folder with {', '.join(SUFFIXES)} files")
        own = _usable(find_files(folder, SUFFIXES).files, own=True)
        if not own:
            raise DataError(f"font_dir: no usable font ({', '.join(SUFFIXES)}, with letters and digits) in {folder}")
    faces = (*_built_in(), *own)
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


def _usable(paths: list[Path], own: bool = False) -> list[FontFace]:
    from matplotlib.ft2font import FT2Font

    faces = []
    for path in paths:
        try:
            glyphs = FT2Font(str(path)).get_charmap()
        except (RuntimeError, OSError) as error:
            log.warning("font %s skipped: %s", path, error)
            continue
        if len(glyphs) > PLACEHOLDER_GLYPHS:
            continue
        latin = all(ord(c) in glyphs for c in LATIN)
        chinese = tuple(word for word in CHINESE if all(ord(c) in glyphs for c in word))
        if latin or chinese:
            faces.append(FontFace(str(path), path.stem, latin, chinese, own))
    return faces
