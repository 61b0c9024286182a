"""A generated set of lines on disk, and the command that generates it."""

import json

import cv2
import pytest

from mindocr.cli.main import run_command
from mindocr.data.datasets.recognition import RecDataset
from mindocr.errors import DataError
from mindocr.formats.rec_label_file import read_rec_labels
from mindocr.synthetic.line import LineOptions
from mindocr.synthetic.line_writer import LineSetPlan, write_lines
from mindocr.synthetic.texts import TextOptions


def plan(folder, **changes) -> LineSetPlan:
    small = {"train": 5, "test": 2, "options": LineOptions(32), "texts": TextOptions(length=(2, 9)), "progress": False}
    return LineSetPlan(**{"output_dir": folder, **small, **changes})


def contents(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_set_is_read_by_the_data_set_of_recognition(tmp_path):
    note = write_lines(plan(tmp_path), command="the command")
    assert sorted(contents(tmp_path)) == sorted(
        ["meta.json", "preview.jpg", "test_gt.txt", "train_gt.txt"]
        + [f"train/{i:06d}.jpg" for i in range(5)] + [f"test/{i:06d}.jpg" for i in range(2)]
    )  # fmt: skip
    stored = json.loads((tmp_path / "meta.json").read_text(encoding="utf-8"))
    assert stored == {**note, "options": stored["options"], "texts": stored["texts"]} and stored["complete"]
    assert stored["command"] == "the command" and stored["texts"]["length"] == [2, 9]
    texts = [text for _, _, text in read_rec_labels(tmp_path / "train_gt.txt")]
    assert stored["content"]["train"] == {
        "images": 5,
        "characters": sum(map(len, texts)),
        "different_characters": len(set("".join(texts))),
    }
    dataset = RecDataset("train", "train_gt.txt", str(tmp_path), transform_pipeline=["DecodeImage"])
    samples = [dataset.get(i) for i in range(5)]
    assert [sample["text"] for sample in samples] == texts
    assert all(sample["image"].shape[0] == 32 for sample in samples)
    assert cv2.imread(str(tmp_path / "preview.jpg")).shape[0] > 32


def test_lines_do_not_depend_on_workers_or_on_how_many_there_are(tmp_path):
    write_lines(plan(tmp_path / "a", train=70))
    write_lines(plan(tmp_path / "b", train=140, workers=2))
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    for name in a:
        if name.startswith(("train/", "test")):
            assert a[name] == b[name], name
    assert b["train_gt.txt"].startswith(a["train_gt.txt"])
    assert a["train/000000.jpg"] != a["test/000000.jpg"]


def test_an_earlier_set_is_replaced_only_when_asked(tmp_path):
    write_lines(plan(tmp_path))
    with pytest.raises(DataError, match="already contains a set; add --overwrite"):
        write_lines(plan(tmp_path))
    write_lines(plan(tmp_path, train=1, test=0, overwrite=True))
    assert sorted(contents(tmp_path)) == ["meta.json", "preview.jpg", "train/000000.jpg", "train_gt.txt"]


def test_characters_that_single_fonts_lack_are_counted(tmp_path, monkeypatch):
    """With two fonts of which each has one of the letters, one letter of a line is left out, in image and label."""
    from mindocr.synthetic import glyphs

    drawn_by = glyphs._drawn_by
    monkeypatch.setattr(
        glyphs, "_drawn_by", lambda path, wanted: drawn_by(path, wanted & set("a" if "Serif" in path else "b"))
    )
    note = write_lines(plan(tmp_path, train=6, test=0, texts=TextOptions("random", characters="ab", length=(2, 6))))
    texts = [text for _, _, text in read_rec_labels(tmp_path / "train_gt.txt")]
    assert all(set(text) in ({"a"}, {"b"}) for text in texts)
    (sentence,) = note["notes"]
    assert "characters were left out of single lines, because no font has all of the line: " in sentence


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": -1}, "--train: expected a whole number of at least 0, got -1"),
        ({"train": 0, "test": 0}, "--train and --test are both 0; expected at least one image"),
        ({"workers": 0}, "--workers: expected a whole number of at least 1, got 0"),
        ({"font_dir": "no_such"}, "font_dir: no_such is not a folder"),
        ({"background_dir": "no_such"}, "background_dir: no_such is not a folder"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        write_lines(plan(tmp_path / "set", **changes))
    assert not (tmp_path / "set").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"--output_dir: .*file.* cannot be written \(Not a directory\)"):
        write_lines(plan(tmp_path / "file" / "set"))


def test_the_command_passes_its_options_on(tmp_path, capsys):
    (tmp_path / "list.txt").write_text("red 中\nblue\n", encoding="utf-8")
    (tmp_path / "keys.txt").write_text("\n".join("redbluw"), encoding="utf-8")
    folder = tmp_path / "set"
    words = (
        f"--output_dir {folder} --train 4 --test 0 --height 40 --workers 1 --list {tmp_path / 'list.txt'} "
        f"--character_dict_path {tmp_path / 'keys.txt'} --length 3 20 --words 2 3 --difficulty easy --seed 4"
    )
    run_command("make-lines", words.split())
    note = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    assert note["options"] == {"height": 40, "difficulty": "easy", "vertical": 0.0}
    assert note["command"].startswith("mindocr make-lines --output_dir") and note["seed"] == 4
    texts = [text for _, _, text in read_rec_labels(folder / "train_gt.txt")]
    assert {word for text in texts for word in text.split()} == {"red", "blue"}
    printed = capsys.readouterr().out
    assert "train: 4 images" in printed and "not drawn: " in printed and "中 (1)" in printed
