"""Character dictionaries."""

import pytest

from mindocr.errors import DataError
from mindocr.formats.dictionary import read_dictionary


@pytest.mark.parametrize(
    ("content", "characters"),
    [
        ("a\nb\n", ["a", "b"]),
        ("a\r\nb\r\nc", ["a", "b", "c"]),
        ("a\n\u3000\nb", ["a", "\u3000", "b"]),
        ("\ufeffx\n", ["x"]),
        (" \na\n", [" ", "a"]),
    ],
)
def test_only_line_breaks_are_removed(tmp_path, content, characters):
    (tmp_path / "keys.txt").write_bytes(content.encode())
    assert read_dictionary(tmp_path / "keys.txt") == characters


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; expected one character a line"),
        (b"a\n\nb\n", "line 2 is empty"),
        (b"a\nb\na\n", "'a' stands on line 1 and on line 3"),
        (b"a\n\xff\n", r"not UTF-8 \(byte 2\)"),
    ],
)
def test_wrong_files(tmp_path, content, message):
    (tmp_path / "keys.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_dictionary(tmp_path / "keys.txt")


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"keys\.txt: no character dictionary \(No such file"):
        read_dictionary(tmp_path / "keys.txt")
