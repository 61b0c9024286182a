"""Label files of text recognition."""

import pytest

from mindocr.errors import DataError
from mindocr.formats.rec_label_file import read_rec_labels


@pytest.fixture
def listed(tmp_path):
    def read(content):
        (tmp_path / "rec_gt.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_rec_labels(tmp_path / "rec_gt.txt"))

    return read


def test_lines_with_their_numbers(listed):
    assert listed("\ufeffa/1.png\tJOINT\r\n\r\n2.png\t 出口 \u3000 No. 5 \n3 x.png\tC:\\new") == [
        (1, "a/1.png", "JOINT"),
        (3, "2.png", " 出口 \u3000 No. 5 "),
        (4, "3 x.png", "C:\\new"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1.png\ta\n2.png b\n", r"rec_gt\.txt:2: no tab in '2\.png b'; expected image\.jpg<TAB>text"),
        ("1.png\ta\tb\n", r"rec_gt\.txt:1: 2 tabs in '1\.png\\ta\\tb'; .* a text cannot contain a tab"),
        ("\ta\n", r"rec_gt\.txt:1: no image path before the tab"),
        ("1.png\ta\n2.png\t\r\n", r"rec_gt\.txt:2: no text after the tab \(.*: 1, on line 2\); .* or remove the line"),
        (
            "".join(f"{i}.png\t \n" for i in range(9)),
            r"rec_gt\.txt:1: no text after the tab \(lines without a text: 9, on line 1, 2, 3, 4, 5, \.\.\.\)",
        ),
        (b"1.png\t\xff\n", r"rec_gt\.txt:1: not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_the_line(listed, content, message):
    with pytest.raises(DataError, match=message):
        listed(content)
