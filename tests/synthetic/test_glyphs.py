"""Which characters fonts draw: never a blank, never a sign for a missing glyph, never a letter out of its context."""

import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from mindocr.errors import DataError
from mindocr.synthetic.fonts import FontFace, find_fonts, read_charmap
from mindocr.synthetic.glyphs import Fonts, needs_shaping

FOLDER = Path(matplotlib.get_data_path()) / "fonts/ttf"


def face(name: str, own: bool = False) -> FontFace:
    return FontFace(str(FOLDER / f"{name}.ttf"), name, True, (), own)


@pytest.mark.parametrize(
    ("character", "shaped"),
    [("a", False), ("é", False), ("中", False), ("\u0301", True), ("ع", True), ("ש", True), ("\x07", True)],
)
def test_characters_that_depend_on_their_neighbours(character, shaped):
    assert needs_shaping(character) == shaped


def test_what_no_font_has_is_listed_and_not_drawn():
    fonts = Fonts((face("cmr10"), face("DejaVuSans")), "aДб中ع ")
    assert fonts.characters == set("aДб")
    assert fonts.lacking == ["ع", "中"]
    assert ord("ع") in read_charmap(face("DejaVuSans").path)  # it has the letter, but not this generator its forms


def test_blank_glyphs_and_signs_for_missing_ones_do_not_count():
    glyphs = read_charmap(face("DejaVuSans").path)
    blank = [chr(code) for code in (0x3000, 0x2800) if code in glyphs]  # ideographic space, braille without dots
    assert blank
    with pytest.raises(DataError, match="none of the 1 fonts can draw any of the"):
        Fonts((face("DejaVuSans"),), blank)


def test_a_font_that_draws_everything_is_preferred():
    fonts = Fonts((face("cmr10"), face("DejaVuSerif")), "abДж")
    rng = np.random.default_rng(0)
    assert {fonts.choose(rng, "abab")[0].name for _ in range(30)} == {"cmr10", "DejaVuSerif"}
    assert {fonts.choose(rng, "aЖД"[:1] + "Дж")[0].name for _ in range(10)} == {"DejaVuSerif"}


def test_without_such_a_font_characters_are_left_out_and_returned():
    fonts = Fonts((face("STIXNonUni"), face("cmr10")), "ab\ue001")
    (private,) = fonts.lacking  # category C: not a character with a meaning
    assert private == "\ue001"
    split = Fonts((face("cmr10"),), "ab")
    found, text, left_out = split.choose(np.random.default_rng(0), "a Ж bЖ")
    assert (found.name, text, left_out) == ("cmr10", "a b", "ЖЖ")


def test_half_of_the_lines_use_the_users_fonts():
    fonts = Fonts((face("DejaVuSans"), face("DejaVuSerif"), face("cmr10", own=True)), "abД")
    rng = np.random.default_rng(0)
    own = sum(fonts.choose(rng, "ab")[0].own for _ in range(400))
    assert 220 < own < 310  # 1/2 + 1/2 * 1/3 of 400 = 267
    assert not any(fonts.choose(rng, "aД")[0].own for _ in range(20))


def test_fonts_of_any_script_are_found_without_the_built_in_ones(tmp_path):
    shutil.copy(FOLDER / "STIXSizOneSymReg.ttf", tmp_path)  # symbols only
    with pytest.raises(DataError, match="with letters and digits"):
        find_fonts(tmp_path)
    assert [each.name for each in find_fonts(tmp_path, built_in=False, any_script=True)] == ["STIXSizOneSymReg"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other/broken.ttf").write_bytes(b"no font")
    with pytest.raises(DataError, match=r"no usable font \(\.ttf, \.otf, \.ttc\) in"):
        find_fonts(tmp_path / "other", any_script=True)
