"""Files that grow image by image are complete after each of them."""

import json

import pytest

from mindocr.formats.result_files import JsonArrayFile, LineFile


def test_an_array_is_complete_after_each_value(tmp_path):
    path = tmp_path / "results.json"
    path.write_text("an earlier file that is longer than the first values of the array " * 9)
    values = [{"image": "茶\n.png", "detections": [{"points": [[1.5, 2]]}]}, [], {"a": {}}, "text", 3]
    file = JsonArrayFile(path)
    for count, value in enumerate(values, start=1):
        file.add(value)
        assert path.read_text(encoding="utf-8") == json.dumps(values[:count], ensure_ascii=False, indent=1) + "\n"
    file.close()


def test_names_that_are_no_text_are_escaped(tmp_path):
    file = JsonArrayFile(tmp_path / "a.json")
    file.add("a\udcff.png")
    file.add("茶.png")
    file.close()
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == ["a\udcff.png", "茶.png"]


class Full:
    """A file on a disk that is full after some bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, content):
        taken = bytes(content)[: self.room - self.file.tell()]
        if not taken:
            raise OSError(28, "No space left on device")
        return self.file.write(taken)

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_a_full_disk_leaves_the_values_before(tmp_path):
    array, lines = JsonArrayFile(tmp_path / "a.json"), LineFile(tmp_path / "a.txt")
    array.add([1])
    lines.add("one")
    for file in (array, lines):
        file._file = Full(file._file, 16)
        with pytest.raises(OSError, match="No space left"):
            file.add("a long value that needs more room")
    assert json.loads((tmp_path / "a.json").read_text()) == [[1]]
    assert (tmp_path / "a.txt").read_text() == "one\n"
