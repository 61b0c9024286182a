"""Names of files in lines of a log."""

import pytest

from mindocr.utils.printable import listed, printable


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("photo 茶.png", "photo 茶.png"),
        ("a\nb\tc\r.png", r"a\nb\tc\r.png"),
        ("\x1b[31m\x00\x85", r"\x1b[31m\x00\x85"),
        ("line\u2028separator", r"line\u2028separator"),
        ("latin-\udce4.png", r"latin-\udce4.png"),
    ],
)
def test_one_line_that_can_be_encoded(text, line):
    assert printable(text) == line
    line.encode("utf-8")


def test_a_long_list_is_cut():
    assert listed(["a", "b\n"]) == "\n  a\n  b\\n"
    lines = listed([str(i) for i in range(23)], " in x").splitlines()
    assert len(lines) == 22 and lines[-1] == "  and 3 more in x"
