"""Faults of label lines: the sentence on each, and the lines that were meant."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.errors import DataError
from mindocr.formats.label_file import format_label_line, parse_label_line, read_lines
from mindocr.formats.line_faults import diagnose, split_run_together

TEXTS = [{"transcription": "it's", "points": [[1, 2], [30, 2], [30, 9]]}]
LIST = json.dumps(TEXTS)
A, B = f"a.jpg\t{LIST}", f"deep/b c.jpg\t{LIST}"
COLUMN = len(A) + 1

JOINED = {
    A + B: (f"two label lines stand in one: after the list comes a second image path \\('deep/b c.jpg'\\) and its tab, "
            f"at column {COLUMN}; put a line break there", [A, B]),
    f"{A} {B}": (f"at column {COLUMN + 1}; put a line break", [A, B]),
    f"{A}\u2028{B}": (r"with a line separator \(U\+2028\) before it instead of a line break", [A, B]),
    f"{A}\x0c{B}": (r"form feed \(U\+000C\)", [A, B]),
    f"{A}\x0b{B}": (r"vertical tab \(U\+000B\)", [A, B]),
    f"{A}\x85{B}": (r"next line \(U\+0085\)", [A, B]),
    f"{A}\x00\x00{B}": (rf"at column {COLUMN + 2}, with a NUL \(U\+0000\)", [A, B]),
    f"{A}\ufeff{B}": (r"byte order mark \(U\+FEFF\)", [A, B]),
    f"{A}{B}{A}": ("three label lines stand in one", [A, B, A]),
    f"a.jpg\t[]{B}": ("two label lines", ["a.jpg\t[]", B]),
    f"{A}b.jpg {LIST}": (r"after the list comes the text 'b.jpg", [A, f"b.jpg {LIST}"]),
    f"a.jpg {LIST}{B}": ("no tab in the line: blanks stand.*also: two label lines", [A, B]),
    f"{A}\t{LIST}": (f"two lists stand in one line: the second begins at column {COLUMN + 1}, without", [A]),
    f"{A}{LIST}": (f"two lists stand in one line: the second begins at column {COLUMN},", [A]),
    "a.jpg\t[{'points': [1]}]b.jpg\t[{'points': [2]}]": (
        "two label lines", ["a.jpg\t[{'points': [1]}]", "b.jpg\t[{'points': [2]}]"]),
}  # fmt: skip


@pytest.mark.parametrize(("line", "message", "lines"), [(line, *rest) for line, rest in JOINED.items()])
def test_lines_run_together(line, message, lines):
    assert diagnose(line).kind == "lines_run_together"
    assert list(diagnose(line).lines) == lines
    with pytest.raises(DataError, match=f"^gt.txt:7: .*{message}"):
        parse_label_line(line, "gt.txt", 7)


PYTHON = repr(TEXTS)
OTHER = {
    f"a.jpg\t{PYTHON}": "written as in Python .*json.dumps",
    "a.jpg\t[{'transcription': \"it's\", 'points': [(1, 2), (30, 2), (30, 9)]}]": "written as in Python",
    f"a.jpg\t{LIST[:-1]},]": "a comma after the last item",
    f"a.jpg\t{LIST.replace(']]', '],]')}": "a comma after the last item",
    "a.jpg\t\"" + LIST.replace('"', '""') + '"': "quotes are doubled, as spreadsheets write them",
    "\"a.jpg\t" + LIST.replace('"', '""') + '"': "the line stands in quotes",
    f"a.jpg\t{json.dumps(LIST)}": "as after json.dumps was called twice",
    "a.jpg\t" + LIST.replace('"', "\u201d"): "curly quotes",
    f"a.jpg   {LIST}": "no tab in the line: blanks stand between path and list, at column 6; put one tab there",
    f"a.jpg\\t{LIST}": r"no tab in the line: '\\\\t' stands between",
    f"a.jpg,{LIST}": "no tab in the line: ',' stands between",
    f"a.jpg{LIST}": "no tab in the line: nothing stands between",
    f"a.jpg  {PYTHON}": "blanks stand .*also: the list is written as in Python",
    f"{A}]": f"after the list, at column {COLUMN}, comes ']'; remove it",
    f"{A};": "comes ';'; remove it",
    f"{A}\x0c": r"comes a form feed \(U\+000C\); remove it",
    f"{A}\x00\x00": r"comes a NUL \(U\+0000\); remove it \(NUL characters come from a crash",
}  # fmt: skip


@pytest.mark.parametrize(("line", "message"), OTHER.items())
def test_one_line_in_another_notation(line, message):
    fault = diagnose(line)
    assert fault.kind == "other_notation" and len(fault.lines) == 1
    assert parse_label_line(fault.lines[0], "gt.txt", 1) == ("a.jpg", TEXTS)
    with pytest.raises(DataError, match=f"^gt.txt:7: .*{message}"):
        parse_label_line(line, "gt.txt", 7)


@pytest.mark.parametrize(("written", "meant", "message"), [
    ("a\tb", "a\tb", r"contains a tab \(U\+0009\) as it is"),
    ("a\x0bb", "a\x0bb", r"contains a vertical tab \(U\+000B\)"),
    ("C:\\data", "C:\\data", "a single backslash.*write it twice"),
])  # fmt: skip
def test_characters_that_need_an_escape(written, meant, message):
    line = f'a.jpg\t[{{"transcription": "{written}", "points": [[1, 2], [30, 2], [30, 9]]}}]'
    fault = diagnose(line)
    assert parse_label_line(fault.lines[0], "gt.txt", 1)[1][0]["transcription"] == meant
    with pytest.raises(DataError, match=message):
        parse_label_line(line, "gt.txt", 7)


MALFORMED = {
    A[:-1]: "the list is not complete at the end of the line .*cut short",
    A[:30]: "the list is not complete at the end",
    f"{A[:30]}{B}": f"another tab and list begin, at column {30 + len('deep/b c.jpg') + 2}: a line was cut short",
    "a.jpg": "no tab in 'a.jpg'; put a tab and the list of its texts after the image path",
    '30, 9]], "transcription": "x"}]': "it may continue the line above",
    '{"images": [1, 2], "annotations": []': "it looks like a JSON file of an annotation tool; 'mindocr exchange'",
    "377,117,463,117,465,130,378,130,Genaxis": "it looks like a file of ICDAR with the texts of one image; 'mindocr",
    "a.jpg\t": "nothing comes after the tab",
    f"a.jpg\tb\t{LIST}": "the list stands after a second tab, at column 9",
    f"{LIST}\ta.jpg": "no tab and no image path before the list",
    f"{A} # note": f"after the list, at column {COLUMN + 1}, comes '# note'; remove it, or put a line break",
    'a.jpg\t[{"transcription": "say "hi"", "points": []}]': "is not JSON: Expecting ',' delimiter, at column 32",
    "a.jpg\t" + "[" * 50_000: "is not JSON .*recursion",
}


@pytest.mark.parametrize(("line", "message"), MALFORMED.items())
def test_no_line_can_be_meant(line, message):
    fault = diagnose(line)
    assert fault.kind == "malformed_line" and fault.lines == ()
    with pytest.raises(DataError, match=message):
        parse_label_line(line, "gt.txt", 7)


@pytest.mark.parametrize(("points", "message"), [
    ("[[0,0],[1,0],[1,NaN]]", "NaN and Infinity are no coordinates"),
    ("[[0,0],[1,0],[1,Infinity]]", "NaN and Infinity are no coordinates"),
    ("[0,0,1,0,1,1]", "group the numbers in pairs"),
    ('[["0","0"],["1","0"],["1","1"]]', "write numbers without quotes"),
])  # fmt: skip
def test_points_that_are_no_pairs_of_numbers(points, message):
    with pytest.raises(DataError, match=message):
        parse_label_line(f'a.jpg\t[{{"transcription": "x", "points": {points}}}]', "gt.txt", 1)


def test_one_text_without_its_list():
    with pytest.raises(DataError, match=r"expected a JSON list of texts.*put the text in \[ \]"):
        parse_label_line(f"a.jpg\t{LIST[1:-1]}", "gt.txt", 1)


numbers = st.integers(0, 500) | st.floats(0, 500)
texts = st.builds(
    lambda points, transcription: {"points": [list(point) for point in points], "transcription": transcription},
    st.lists(st.tuples(numbers, numbers), min_size=3, max_size=4),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=8),
)
lines = st.builds(
    format_label_line, st.from_regex(r"\A[a-z]{1,4}(/[A-Z0-9 _-]{0,3}x)?\.jpg\Z"), st.lists(texts, max_size=2)
)


@given(st.lists(lines, min_size=2, max_size=4), st.sampled_from(["", " ", "\x0c", "\u2029", "\x00", "\ufeff"]))
def test_any_lines_are_parted(several, between):
    assert split_run_together(between.join(several)) == several


@pytest.mark.parametrize("content", [f"{A}\r{B}\r", f"\ufeff{A}\r{B}", f"{A}\r\r{B}\n"])
def test_lone_carriage_returns_end_lines(tmp_path: Path, content):
    (tmp_path / "gt.txt").write_bytes(content.encode())
    assert [line for _, line in read_lines(tmp_path / "gt.txt")] == [A, B]


def test_numbers_of_lines_count_carriage_returns(tmp_path: Path):
    (tmp_path / "gt.txt").write_bytes(f"{A}\r{B}\r\n\n{A}\r\n".encode())
    assert list(read_lines(tmp_path / "gt.txt")) == [(1, A), (2, B), (4, A)]


def test_carriage_returns_of_json_lines_and_inside_json(tmp_path: Path):
    (tmp_path / "results.jsonl").write_bytes(b'{"image": "a"}\r{"image": "b"}')
    assert [line for _, line in read_lines(tmp_path / "results.jsonl")] == ['{"image": "a"}', '{"image": "b"}']
    (tmp_path / "gt.txt").write_bytes(f"a.jpg\t[\r{LIST[1:]}\n".encode())
    ((_, line),) = read_lines(tmp_path / "gt.txt")
    assert parse_label_line(line, "gt.txt", 1) == ("a.jpg", TEXTS)


def test_utf16_is_named(tmp_path: Path):
    (tmp_path / "gt.txt").write_bytes(A.encode("utf-16"))
    with pytest.raises(DataError, match="gt.txt: not UTF-8 but UTF-16, as the > of Windows PowerShell 5 writes it"):
        list(read_lines(tmp_path / "gt.txt"))


@pytest.mark.parametrize("line", [
    "a" + " " * 200_000 + "x", "a\t[{" + " " * 100_000 + "]" * 100_000, "a\t]" + "x" * 200_000, "a\t[" + '"' * 100_001,
    "a\t[" + ", " * 100_000, "a\t[" + "-" * 100_000,
])  # fmt: skip
def test_long_lines_are_examined_fast(line):
    started = time.process_time()
    assert diagnose(line).kind == "malformed_line"
    assert time.process_time() - started < 1
