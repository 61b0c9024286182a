"""Generated lines: image and label agree, and a line depends only on its seed."""

import cv2
import numpy as np
import pytest

from mindocr.errors import DataError
from mindocr.synthetic.fonts import find_fonts
from mindocr.synthetic.glyphs import Fonts
from mindocr.synthetic.line import LineOptions, make_line
from mindocr.synthetic.line_source import LineSource
from mindocr.synthetic.texts import TextOptions, Texts


@pytest.fixture(scope="module")
def source() -> LineSource:
    return LineSource(LineOptions(), TextOptions(length=(2, 12), words=(1, 2)))


def test_equal_seeds_give_equal_lines_and_others_differ(source):
    again = LineSource(LineOptions(), TextOptions(length=(2, 12), words=(1, 2)))
    assert source.line(0, 7) == again.line(0, 7)
    images = {line.jpeg for line in (source.line(0, 7), source.line(0, 8), source.line(1, 7))}
    assert len(images) == 3


@pytest.mark.parametrize("height", [16, 32, 48, 100])
@pytest.mark.parametrize("difficulty", ["easy", "normal", "hard"])
def test_images_have_the_wanted_height_and_a_width_for_the_text(height, difficulty):
    source = LineSource(LineOptions(height, difficulty), TextOptions(length=(1, 30), words=(1, 4)))
    for number in range(12):
        line = source.line(0, number)
        image = line.image()
        assert image.shape[0] == height and image.shape[2] == 3 and image.dtype == np.uint8
        assert 0.15 < image.shape[1] / height / len(line.text) < 3
        assert line.text == line.text.strip() and line.left_out == ""


def test_letters_fill_the_height_and_stand_out(source):
    """The ink of a line is found again by a threshold, in easy lines on one colour."""
    easy = LineSource(LineOptions(64, "easy"), TextOptions(source="random", characters="HMNE", length=(3, 6)))
    filled = []
    for number in range(30):
        grey = cv2.cvtColor(easy.line(0, number).image(), cv2.COLOR_RGB2GRAY).astype(np.float32)
        rows = np.flatnonzero(np.abs(np.diff(grey, axis=1)).max(axis=1) > 25)
        filled.append((rows[-1] - rows[0] + 1) / 64)
        assert grey.max() - grey.min() > 60
    assert np.median(filled) > 0.65 and max(filled) <= 1


def test_vertical_lines_are_turned_as_the_reader_turns_them():
    texts = Texts(TextOptions(source="random", characters="L", length=(4, 4)))
    fonts = Fonts(tuple(face for face in find_fonts() if face.name == "DejaVuSans-Bold"), "L")
    found = []
    for number in range(6):
        line = make_line(LineOptions(48, "easy", vertical=1.0), texts, fonts, (), (number,))
        image = line.image()
        assert line.text == "LLLL" and image.shape[1] > 1.5 * image.shape[0]
        grey = cv2.cvtColor(np.rot90(image, -1).copy(), cv2.COLOR_RGB2GRAY).astype(np.float32)
        grey = np.abs(grey - np.median(grey))
        # of upright letters L the stem is on the left, so there is more ink in the left half
        found.append(grey[:, : grey.shape[1] // 2].sum() / grey.sum())
    assert np.median(found) > 0.55


def test_half_of_the_backgrounds_are_photographs(tmp_path):
    photo = np.zeros((200, 300, 3), np.uint8)
    photo[..., 0] = 255  # blue in OpenCV's order
    cv2.imwrite(str(tmp_path / "blue.png"), photo)
    source = LineSource(LineOptions(32, "easy"), TextOptions(), background_dir=tmp_path)
    assert len(source.photos) == 1
    corners = np.array([source.line(0, number).image()[0, 0].astype(int) for number in range(60)])
    assert 15 < np.sum((corners[:, 2] > 150) & (corners[:, 0] < 90)) < 45


def test_characters_that_are_never_drawn_are_named(tmp_path):
    (tmp_path / "list.txt").write_text("中文 abc\nabc\n", encoding="utf-8")
    source = LineSource(LineOptions(), TextOptions("list", str(tmp_path / "list.txt"), characters="abc中"))
    assert {source.line(0, number).text for number in range(8)} == {"abc"}
    never, left_out = source.notes()
    assert never.startswith("1 characters are never drawn") and ": 中; set font_dir" in never
    assert left_out.endswith("1 characters are left out, because the dictionary lacks them: 文 (1)")
    assert LineSource(LineOptions(), TextOptions()).notes() == []


@pytest.mark.parametrize(("options", "message"), [
    ({"height": 15}, "height: expected at least 16 pixels, got 15"),
    ({"difficulty": "odd"}, "difficulty: expected easy, normal, hard, got 'odd'"),
    ({"vertical": 1.5}, "vertical: expected a share between 0 and 1, got 1.5"),
])  # fmt: skip
def test_options_out_of_range_are_told(options, message):
    with pytest.raises(DataError, match=message):
        LineOptions(**options)


def test_texts_that_no_font_can_draw_are_told():
    texts = Texts(TextOptions(source="random", characters="b", length=(3, 3)))
    with pytest.raises(DataError, match="50 texts had fewer than 3 characters that one font can draw"):
        make_line(LineOptions(), texts, Fonts(find_fonts()[:1], "a"), (), (1,))
