"""A generated set on disk, and the command that generates it."""

import json

import cv2
import numpy as np
import pytest

from mindocr.cli.main import run_command
from mindocr.errors import DataError
from mindocr.formats.label_file import parse_label_line, read_lines
from mindocr.synthetic import SceneOptions, SetPlan, write_set

SMALL = SceneOptions((96, 128))


def plan(folder, **changes) -> SetPlan:
    return SetPlan(**{"output_dir": folder, "train": 3, "test": 1, "options": SMALL, "progress": False, **changes})


def contents(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_set_has_pictures_labels_preview_and_notes(tmp_path):
    note = write_set(plan(tmp_path / "set"), command="the command")
    assert sorted(contents(tmp_path / "set")) == sorted(
        ["README.txt", "meta.json", "preview.jpg", "test/00000.jpg", "test_gt.txt", "train_gt.txt"]
        + [f"train/{i:05d}.jpg" for i in range(3)]
    )
    stored = json.loads((tmp_path / "set" / "meta.json").read_text(encoding="utf-8"))
    assert stored["complete"] and stored["seed"] == 0 and stored["command"] == "the command"
    assert "DejaVuSans" in stored["fonts"]
    assert stored["content"] == note["content"]
    assert "3 images" in (tmp_path / "set" / "README.txt").read_text(encoding="utf-8")


def test_label_lines_parse_and_count_what_the_note_says(tmp_path):
    note = write_set(plan(tmp_path, train=6))
    lines = [parse_label_line(line, "train_gt.txt", n) for n, line in read_lines(tmp_path / "train_gt.txt")]
    assert [name for name, _ in lines] == [f"{i:05d}.jpg" for i in range(6)]
    texts = [text for _, items in lines for text in items]
    assert len(texts) == note["content"]["train"]["words"]
    assert sum(t["transcription"] == "###" for t in texts) == note["content"]["train"]["ignored"]
    for name, items in lines:
        assert cv2.imread(str(tmp_path / "train" / name)).shape == (96, 128, 3)
        assert all(np.array(item["points"]).max() < 128 for item in items)


def test_pictures_do_not_depend_on_workers_or_on_how_many_there_are(tmp_path):
    write_set(plan(tmp_path / "a", train=4))
    write_set(plan(tmp_path / "b", train=10, workers=2))
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    for name in a:
        if name.startswith(("train/", "test/", "test_gt")):
            assert a[name] == b[name], name
    assert b["train_gt.txt"].startswith(a["train_gt.txt"])
    assert a["train/00000.jpg"] != a["test/00000.jpg"]


def test_another_seed_gives_another_set(tmp_path):
    write_set(plan(tmp_path / "a"))
    write_set(plan(tmp_path / "b", seed=1))
    assert contents(tmp_path / "a")["train_gt.txt"] != contents(tmp_path / "b")["train_gt.txt"]


def test_an_earlier_set_is_replaced_only_when_asked(tmp_path):
    write_set(plan(tmp_path))
    with pytest.raises(DataError, match="already contains a set; add --overwrite"):
        write_set(plan(tmp_path))
    write_set(plan(tmp_path, train=1, test=0, overwrite=True))
    assert sorted(contents(tmp_path)) == ["README.txt", "meta.json", "preview.jpg", "train/00000.jpg", "train_gt.txt"]


def test_files_of_others_are_never_removed(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(DataError, match="contains other files; choose an empty or a new folder"):
        write_set(plan(tmp_path, overwrite=True))
    assert (tmp_path / "train" / "holiday.jpg").read_bytes() == b"mine"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"--output_dir: .*file.* cannot be written \(Not a directory\)"):
        write_set(plan(tmp_path / "file" / "set"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": 0}, "--train: expected a whole number of at least 1, got 0"),
        ({"test": -1}, "--test: expected a whole number of at least 0, got -1"),
        ({"workers": 0}, "--workers: expected a whole number of at least 1, got 0"),
        ({"seed": -3}, "--seed: expected a whole number of at least 0, got -3"),
    ],
)
def test_numbers_out_of_range_are_told_before_anything_is_written(tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        write_set(plan(tmp_path / "set", **changes))
    assert not (tmp_path / "set").exists()


def test_an_error_in_a_worker_reaches_the_caller(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"bad\.jpg cannot be decoded"):
        write_set(plan(tmp_path / "set", train=16, workers=2, background_dir=tmp_path / "photos"))


def test_the_command_passes_its_options_on(tmp_path, capsys):
    folder = tmp_path / "set"
    words = f"--output_dir {folder} --train 2 --test 0 --image_size 64 80 --workers 1 --polygons --difficulty easy"
    run_command("make-synthetic", words.split())
    note = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    assert note["options"] == {"image_size": [64, 80], "curved": 0.2, "labels": "polygons", "difficulty": "easy"}
    assert note["command"].startswith("mindocr make-synthetic --output_dir")
    assert "train: 2 images" in capsys.readouterr().out


def test_the_command_refuses_two_label_styles(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run_command("make-synthetic", ["--output_dir", str(tmp_path), "--polygons", "--quads_only"])
    assert "not allowed with" in capsys.readouterr().err
