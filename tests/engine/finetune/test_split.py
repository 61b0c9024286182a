"""Images divided into training and validation, and what is refused before anything is trained."""

import json

import pytest

from mindocr.engine.finetune.split import read_labelled, split
from mindocr.errors import DataError, UserError


def det_line(name, *texts):
    items = [{"transcription": text, "points": [[0, 0], [9, 0], [9, 9], [0, 9]]} for text in texts]
    return f"{name}\t{json.dumps(items, ensure_ascii=False)}"


@pytest.fixture
def make(tmp_path):
    (tmp_path / "images").mkdir()

    def build(*lines, name="labels.txt"):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return [str(tmp_path / "images")], [str(tmp_path / name)]

    return build


def test_all_lines_of_an_image_stay_together_and_the_choice_does_not_depend_on_their_order(make, tmp_path):
    lines = [f"{i % 20}.jpg\tword {i}" for i in range(60)]  # three lines of each image
    found = []
    for order in (lines, lines[::-1]):
        labelled = read_labelled(*make(*order), "rec", "--labels")
        assert labelled.images == [20] and len(labelled.texts[0]) == 60
        training, validation = split(labelled, 0.15, 0, tmp_path)
        names = [
            {line.split("\t")[0] for line in part.files[0].read_text().splitlines()} for part in (training, validation)
        ]
        assert len(names[1]) == 3 and not names[0] & names[1] and len(names[0] | names[1]) == 20
        assert validation.images == [3] and len(validation.texts[0]) == 9
        found.append(names[1])
    assert found[0] == found[1]


def test_every_label_file_is_divided(make, tmp_path):
    first, second = (
        make(*(det_line(f"{i}.jpg", "a") for i in range(10))),
        make(*(det_line(f"x{i}.jpg", "b") for i in range(20)), name="other.txt"),
    )
    labelled = read_labelled(first[0], [*first[1], *second[1]], "det", "--labels")
    training, validation = split(labelled, 0.2, 0, tmp_path)
    assert (training.images, validation.images) == ([8, 16], [2, 4]) and validation.names == ["labels", "other"]
    section = validation.dataset("det")
    assert section["type"] == "DetDataset" and len(section["label_file"]) == 2
    assert validation.dataset("rec")["type"] == "WordsOfDetDataset"


@pytest.mark.parametrize(
    ("lines", "task", "message"),
    [
        ([det_line("a.jpg", "###", "*")], "det", r"every text is ignored \(### or \*\)"),
        ([det_line("a.jpg", "", "", "x")], "rec", "2 of 3 polygons have no transcription; a recogniser learns"),
        ([det_line("a.jpg", "", "")], "rec", "there is no text to read in it"),
        (["a.jpg\tword"], "det", "no polygons, so it cannot train a detector; use --task rec"),
        ([""], "det", "label file is empty|nothing"),
    ],
)
def test_labels_that_are_of_no_use(make, lines, task, message):
    with pytest.raises(DataError, match=message):
        read_labelled(*make(*lines), task, "--labels")


def test_too_few_images(make, tmp_path):
    labelled = read_labelled(*make(*(det_line(f"{i}.jpg", "a") for i in range(4))), "det", "--labels")
    with pytest.raises(DataError, match="4 labelled images; fine-tuning needs at least 5"):
        split(labelled, 0.2, 0, tmp_path)
    with pytest.raises(UserError, match="--val_share: expected a share of the images between 0 and 1, got 1.5"):
        split(labelled, 1.5, 0, tmp_path)


def test_kinds_of_labels_are_not_mixed(make):
    first, second = make(det_line("a.jpg", "a")), make("b.jpg\tb", name="other.txt")
    with pytest.raises(DataError, match="some label files have polygons, others one text a line"):
        read_labelled(first[0], [*first[1], *second[1]], "rec", "--labels")
