from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.errors import DataError
from mindocr.formats.label_file import format_label_line, parse_label_line, read_lines

QUAD = [[310, 104], [416, 141], [418, 216], [312, 179]]


def test_line_of_the_format_is_read():
    line = 'train/img_1.jpg\t[{"transcription": "MASA", "points": [[310,104],[416,141],[418,216],[312,179]]}]\n'
    assert parse_label_line(line, "gt.txt", 1) == ("train/img_1.jpg", [{"points": QUAD, "transcription": "MASA"}])


@pytest.mark.parametrize("line", ["\ufeffa.jpg\t[]", "a.jpg\t[]\r\n", "a.jpg\t [ ] "])
def test_byte_order_mark_and_line_ends_are_tolerated(line):
    assert parse_label_line(line, "gt.txt", 1) == ("a.jpg", [])


def test_other_keys_are_left_out_and_tabs_inside_json_belong_to_it():
    line = 'a.jpg\t[{"transcription": "x",\t"points": [[0, 0], [1.5, 0], [1, 1]], "language": "Latin"}]'
    assert parse_label_line(line, "gt.txt", 1)[1] == [{"points": [[0, 0], [1.5, 0], [1, 1]], "transcription": "x"}]


BROKEN = {
    "a.jpg []": "no tab in .*expected image.jpg<TAB>",
    "\t[]": "no image path before the tab",
    "a.jpg\t[{": "the list is not complete at the end of the line",
    "a.jpg\t[x]": "the part after the tab is not JSON: Expecting value, at column 8",
    "a.jpg\t{}": "expected a JSON list of texts",
    'a.jpg\t["x"]': "text 1 of 1: expected",
    'a.jpg\t[{"points": [[0,0],[1,0],[1,1]]}]': "no 'transcription' among its keys \\(points\\)",
    'a.jpg\t[{"transcription": "x"}]': "no 'points' among its keys",
    'a.jpg\t[{"transcription": 3, "points": [[0,0],[1,0],[1,1]]}]': "transcription must be a string in quotes, got 3",
    'a.jpg\t[{"transcription": "x", "points": [[0,0],[1,0]]}]': "at least 3 points \\(four or more is usual\\), got 2",
    'a.jpg\t[{"transcription": "x", "points": []}]': "at least 3 points",
    'a.jpg\t[{"transcription": "x", "points": [[0,0],[1,0],[1,NaN]]}]': "finite numbers",
    'a.jpg\t[{"transcription": "x", "points": [[0,0],[1,0],[1,-Infinity]]}]': "finite numbers",
    f'a.jpg\t[{{"transcription": "x", "points": [[0,0],[1,0],[1,1{"0" * 400}]]}}]': "finite numbers",
    'a.jpg\t[{"transcription": "x", "points": [[0,0],[1,0],[1,true]]}]': "pairs of finite numbers",
    'a.jpg\t[{"transcription": "x", "points": [[0,0],[1,0],[1,"1"]]}]': "pairs of finite numbers",
    'a.jpg\t[{"transcription": "x", "points": [[0,0],[1,0],[1,1,1]]}]': "pairs of finite numbers",
    'a.jpg\t[{"transcription": "x", "points": [0,0,1,0,1,1]}]': "pairs of finite numbers",
}


@pytest.mark.parametrize(("line", "message"), BROKEN.items())
def test_broken_line_names_file_and_line(line, message):
    with pytest.raises(DataError, match=f"^sets/gt.txt:7: .*{message}"):
        parse_label_line(line, "sets/gt.txt", 7)


numbers = st.integers(-5000, 5000) | st.floats(-5000, 5000)
texts = st.builds(
    lambda points, transcription: {"points": [list(point) for point in points], "transcription": transcription},
    st.lists(st.tuples(numbers, numbers), min_size=3, max_size=9),
    st.text(alphabet=st.characters(codec="utf-8")),
)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\t\r\n\ufeff"), min_size=1), st.lists(texts))
def test_written_lines_are_read_back(path, items):
    if path.strip():
        line = format_label_line(path, items)
        assert "\n" not in line
        assert parse_label_line(line, "gt.txt", 1) == (path, items)


def test_letters_are_written_as_they_are():
    assert "茶" in format_label_line("a.jpg", [{"points": QUAD, "transcription": "茶"}])


def test_path_with_a_tab_is_refused():
    with pytest.raises(DataError, match="contains a tab or line end; rename the file"):
        format_label_line("a\tb.jpg", [])


def test_only_line_feeds_end_a_line(tmp_path: Path):
    file = tmp_path / "gt.txt"
    file.write_bytes("\ufeffone\u2028still one\r\n\r\n  \ntwo\x0cstill two\n".encode())
    assert list(read_lines(file)) == [(1, "one\u2028still one"), (4, "two\x0cstill two")]


def test_file_that_is_not_utf8_names_the_line(tmp_path: Path):
    file = tmp_path / "gt.txt"
    file.write_bytes(b"a.jpg\t[]\nb.jpg\t\xff\n")
    with pytest.raises(DataError, match=r"gt.txt:2: not UTF-8 .* at byte 6.*; save the file as UTF-8"):
        list(read_lines(file))


def test_missing_file_says_so(tmp_path: Path):
    with pytest.raises(DataError, match="nothing.txt: cannot read this label file: No such file"):
        list(read_lines(tmp_path / "nothing.txt"))


def test_scores_of_results_are_kept():
    item = {"transcription": "", "points": QUAD, "score": 0.75}
    _, (read,) = parse_label_line(format_label_line("a.jpg", [item]), "results.txt", 1)
    assert read == item


@pytest.mark.parametrize("score", ['"high"', "true", "NaN", "null"])
def test_a_score_that_is_no_number_is_named(score):
    line = f'a.jpg\t[{{"transcription": "", "points": [[0, 0], [9, 0], [9, 9]], "score": {score}}}]'
    with pytest.raises(DataError, match="results.txt:4: text 1 of 1: score must be a finite number"):
        parse_label_line(line, "results.txt", 4)


@pytest.mark.parametrize(
    "path",
    ["a\tb.jpg", "new\nline.jpg", "cr\r.jpg", "latin-\udce4.jpg", '"quoted".jpg"', '"a.jpg"', "\ufeffa.jpg", " "],
)
def test_any_path_can_be_quoted(path):
    line = format_label_line(path, [{"points": QUAD, "transcription": ""}], quote=True)
    assert line.startswith('"') and line.count("\t") == 1 and "\n" not in line
    assert parse_label_line(line, "gt.txt", 1)[0] == path
    line.encode("utf-8")


@pytest.mark.parametrize("path", ["a b.jpg", "茶.jpg", '"a".jpg', 'a".jpg', '"', '"a"b"'])
def test_other_paths_are_written_as_they_are(path):
    for quote in (False, True):
        line = format_label_line(path, [], quote=quote)
        assert line == f"{path}\t[]" and parse_label_line(line, "gt.txt", 1)[0] == path
