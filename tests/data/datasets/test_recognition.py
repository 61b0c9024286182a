"""Data sets of text recognition."""

import json
import logging
import pickle

import cv2
import numpy as np
import pytest

from mindocr.data.datasets.recognition import RecDataset, RecentImages, WordsOfDetDataset
from mindocr.data.loading.loader import Loader
from mindocr.data.transforms.load import DecodeImage
from mindocr.errors import DataError

LINE = [{"DecodeImage": {"img_mode": "RGB"}}, "CropTextLine", {"ResizeTextLine": {"height": 8}}]
QUADS = {"red": [[2, 4], [42, 4], [42, 14], [2, 14]], "blue": [[50, 20], [70, 20], [70, 30], [50, 30]]}


def text(transcription, points):
    return {"transcription": transcription, "points": points}


@pytest.fixture
def folder(tmp_path):
    """Two equal images with a red and a blue rectangle, and one grey line of text."""
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[4:14, 2:42] = (0, 0, 255)  # blue, green, red
    picture[20:30, 50:70] = (255, 0, 0)
    for name in ("1.png", "2.png"):
        cv2.imwrite(str(tmp_path / name), picture)
    cv2.imwrite(str(tmp_path / "line.png"), np.full((16, 30, 3), 90, np.uint8))
    return tmp_path


def words(folder, *lines, **options):
    content = "".join(f"{name}\t{json.dumps(texts)}\n" for name, texts in lines)
    (folder / "det_gt.txt").write_text(content, encoding="utf-8")
    return WordsOfDetDataset(str(folder), str(folder / "det_gt.txt"), transform_pipeline=LINE, **options)


def lines(folder, content, **options):
    (folder / "rec_gt.txt").write_text(content, encoding="utf-8")
    return RecDataset(str(folder), str(folder / "rec_gt.txt"), transform_pipeline=LINE, **options)


BOTH = [text("red", QUADS["red"]), text("###", QUADS["blue"]), text(" ", QUADS["red"]), text("blue", QUADS["blue"])]


def test_every_word_is_a_sample_and_ignored_ones_are_counted(folder, caplog):
    with caplog.at_level(logging.INFO):
        dataset = words(folder, ("1.png", BOTH), ("2.png", [text("*", QUADS["red"]), text("again", QUADS["blue"])]))
    assert [dataset[i]["text"] for i in range(len(dataset))] == ["red", "blue", "again"]
    assert "det_gt.txt: 3 texts; 3 others are ignored or empty, and left out" in caplog.text
    red, blue = dataset[0]["image"], dataset[1]["image"]
    assert red.shape == (8, 32, 3) and red[4, 16].tolist() == [255, 0, 0]
    assert blue.shape == (8, 16, 3) and blue[4, 8].tolist() == [0, 0, 255]
    assert dataset.describe(2) == f"{folder}/det_gt.txt:2 {folder}/2.png"


def test_an_image_is_read_once_for_its_words(folder, monkeypatch):
    dataset = words(folder, ("1.png", BOTH), ("2.png", BOTH))
    read = []
    decode = "mindocr.data.transforms.load.decode"
    whole = DecodeImage.open.__globals__["decode"]
    monkeypatch.setattr(decode, lambda path, *rest: (read.append(path), whole(path, *rest))[1])
    assert [dataset[i]["text"] for i in (0, 1, 0, 2, 3)] == ["red", "blue", "red", "red", "blue"]
    assert read == [f"{folder}/1.png", f"{folder}/2.png"]


def test_the_oldest_image_is_forgotten_first():
    images, pixels = RecentImages(2), [np.full((1, 1, 3), i, np.uint8) for i in range(3)]
    for name, image in zip("ab", pixels):
        images.put(name, "", image)
    assert images.get("a", "") is pixels[0]
    images.put("c", "", pixels[2])
    assert [images.get(name, "") is not None for name in "abc"] == [True, False, True]
    assert pickle.loads(pickle.dumps(images)).get("a", "").tolist() == [[[0, 0, 0]]]


def test_images_of_lines_are_whole(folder):
    dataset = lines(folder, "line.png\tgrey one\n1.png\tx\n")
    assert [(dataset[i]["text"], dataset[i]["image"].shape) for i in range(2)] == [
        ("grey one", (8, 15, 3)),
        ("x", (8, 16, 3)),
    ]


def test_lists_have_their_own_shares(folder):
    (folder / "a.txt").write_text("1.png\ta\n2.png\tb\n", encoding="utf-8")
    (folder / "b.txt").write_text("line.png\tc\n", encoding="utf-8")
    files = [str(folder / "a.txt"), str(folder / "b.txt")]
    dataset = RecDataset([str(folder)] * 2, files, sample_ratio=[0.5, 2.0], output_columns=["text"])
    found = [dataset[i]["text"] for i in range(len(dataset))]
    assert len(found) == 3 and found[0] in "ab" and found[1:] == ["c", "c"]


def test_a_batch_holds_lines_of_any_width(folder):
    with Loader(lines(folder, "line.png\ta\n1.png\tb\n", output_columns=["image", "text"]), batch_size=2) as loader:
        (batch,) = loader.epoch()
    assert [image.shape for image in batch["image"]] == [(8, 15, 3), (8, 16, 3)] and batch["text"] == ["a", "b"]


def test_missing_images_are_counted_once(folder):
    with pytest.raises(DataError, match=r"det_gt\.txt:1: image .*no\.png does not exist; 1 of the 2 images"):
        words(folder, ("no.png", BOTH), ("2.png", BOTH))
    with pytest.raises(DataError, match=r"rec_gt\.txt:2: image .*no\.png does not exist; 1 of the 2 images"):
        lines(folder, "line.png\ta\nno.png\tb\n")


def test_nothing_to_read(folder):
    with pytest.raises(DataError, match=r"det_gt\.txt: the data set is empty"):
        words(folder, ("1.png", [text("###", QUADS["red"])]))


def test_a_polygon_far_away_is_an_error_of_its_sample(folder):
    far = [[0, 0], [9e8, 0], [9e8, 9e8], [0, 9e8]]
    dataset = words(folder, ("1.png", [text("far", far), text("red", QUADS["red"])]))
    with pytest.raises(DataError, match=r"1\.png: a text of 900000000 x 900000000 pixels .* \(listed in .*:1\)"):
        dataset[0]
    assert dataset[1]["text"] == "red"


@pytest.mark.parametrize("points", [[[5, 5]] * 4, [[0, 0], [1, 0], [1, 1], [0, 1]], [[3, 3], [9, 3], [6, 3]]])
def test_a_polygon_without_area_gives_an_image(folder, points):
    assert words(folder, ("1.png", [text("i", points)]))[0]["image"].shape[0] == 8


def test_an_image_is_decoded_once_for_all_its_words_in_any_order(folder, monkeypatch):
    dataset = words(folder, ("1.png", BOTH), ("2.png", BOTH), output_columns=["image", "text"])
    plain = words(folder, ("1.png", BOTH), ("2.png", BOTH))
    plain._crops = None
    read = []
    whole = DecodeImage.open.__globals__["decode"]
    monkeypatch.setattr(
        "mindocr.data.transforms.load.decode", lambda path, *rest: (read.append(path), whole(path, *rest))[1]
    )
    order = [3, 0, 2, 1, 3, 0]
    found = [dataset.get(i, epoch=1) for i in order]
    assert sorted(read) == [f"{folder}/1.png", f"{folder}/2.png"]
    for i, sample in zip(order, found):
        np.testing.assert_array_equal(sample["image"], plain[i]["image"])
    with Loader(dataset, batch_size=2, num_workers=1) as loader:
        texts = [list(batch["text"]) for batch in loader.epoch()]
    assert texts == [["red", "blue"], ["red", "blue"]]


@pytest.mark.parametrize(
    ("ops", "kept"),
    [
        (LINE, True),
        (["DecodeImage", {"RecLabelEncode": {"characters": "abdelru"}}, "CropTextLine"], True),
        (["DecodeImage", {"RandomHorizontalFlip": {"p": 0.5}}, "CropTextLine"], False),
        ([{"DecodeImage": {"keep_ori": True}}, "CropTextLine"], False),
        (["DecodeImage"], False),
    ],
)
def test_crops_are_kept_only_where_nothing_changes_the_image_before(folder, ops, kept):
    words(folder, ("1.png", BOTH))
    dataset = WordsOfDetDataset(str(folder), str(folder / "det_gt.txt"), transform_pipeline=ops)
    assert (dataset._crops is not None) == kept
    assert dataset[0]["polygon"].tolist() == QUADS["red"]  # reports cut the word out of its image
