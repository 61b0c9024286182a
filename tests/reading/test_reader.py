"""The reader with stand-ins for the two networks; the real ones are in test_released_reading.py."""

from __future__ import annotations

import argparse
import io
import json

import cv2
import numpy as np
import pytest
from stand_ins import put_in, quad

from mindocr.cli.commands import read
from mindocr.errors import DataError, UserError
from mindocr.formats.label_file import parse_label_line
from mindocr.reading import reader as module
from mindocr.reading.reader import TextReader
from mindocr.reading.run import read_images
from mindocr.reading.weights import DEFAULT, RELEASED


@pytest.fixture
def reader(monkeypatch):
    put_in(module, monkeypatch.setattr)
    return TextReader()


@pytest.fixture
def photo(tmp_path):
    """Three lines: 250 above 200, and 120, which is read with little confidence, between them."""
    image = np.zeros((100, 120, 3), np.uint8)
    for top, value in ((10, 250), (40, 120), (70, 200)):
        image[top : top + 16, 10:100] = value
    cv2.imwrite(str(tmp_path / "photo.png"), image)
    return tmp_path / "photo.png"


def test_lines_are_read_in_reading_order(reader, photo):
    page = reader(photo)
    assert (page.text, page.left_out, page.path, page.image_size) == ("250\n200", 1, str(photo), (100, 120))
    assert page.lines[0].polygon.tolist() == quad(10, 10, 90, 16).tolist()


def test_an_array_is_read_too(reader):
    page = reader(np.full((30, 90), 220, np.uint8))
    assert (page.text, page.path) == ("220", None)


def test_a_picture_without_text(reader):
    page = reader(np.zeros((30, 90, 3), np.uint8))
    assert (page.text, len(page), page.left_out) == ("", 0, 0)


def test_the_models_may_be_given(reader, monkeypatch):
    given = TextReader(detector="d.ckpt", recogniser="r.ckpt")
    assert (given.detector.model, given.recogniser.model) == ("d.ckpt", "r.ckpt")
    assert (reader.detector.model, reader.recogniser.model) == (f"{DEFAULT}/det", f"{DEFAULT}/rec")


def test_the_classifier_turns_crops_before_they_are_read(reader, tmp_path):
    """One line is read at its centre, which is 190 as it is; turned, the pixel left of the centre is there."""
    image = np.zeros((40, 120, 3), np.uint8)
    image[10:26, 10:60], image[10:26, 60:110] = 170, 190
    assert reader(image).text == "190"
    turning = TextReader(classifier="ppocr-cls")
    assert turning.classifier.model == "ppocr-cls/cls" and reader.classifier is None
    assert turning(image).text == "170"
    assert turning(np.zeros((30, 90, 3), np.uint8)).text == ""
    assert TextReader(classifier=tmp_path / "own.ckpt").classifier.model == tmp_path / "own.ckpt"


@pytest.mark.parametrize(
    ("left", "right", "first"), [(101, 190, [10, 110]), (190, 101, [40, 10]), (190, 190, [40, 10])]
)
def test_a_tall_line_is_read_in_the_direction_of_the_highest_confidence(reader, left, right, first):
    """The pixel that is read lies beside the middle of the tall line, left or right of it by direction."""
    image = np.zeros((120, 50, 3), np.uint8)
    image[10:110, 10:25], image[10:110, 25:40] = left, right
    (line,) = reader(image).lines
    assert (line.text, line.confidence) == ("190", 0.9)
    assert line.polygon[0].tolist() == first and sorted(line.polygon.tolist()) == sorted(quad(10, 10, 30, 100).tolist())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop_score": 1.5}, "drop_score: expected a number from 0 to 1, got 1.5"),
        ({"batch_size": 0}, "batch_size: .* 0"),
        ({"level": "words"}, r"level: expected line, word, character, got 'words' \(did you mean 'word'\?\)"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(UserError, match=message):
        TextReader(**options)


def test_the_command_goes_on_past_a_broken_file(reader, photo, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    screen = io.StringIO()
    assert read_images(reader, [str(tmp_path)], screen, tmp_path / "out") == 1
    assert screen.getvalue() == f"# {photo}\n250\n200\n"
    (line,) = (tmp_path / "out/read_results.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["image"] == str(photo)
    assert [each["transcription"] for each in json.loads(line)["lines"]] == ["250", "200"]
    assert (tmp_path / "out/photo_read.png").exists()


@pytest.mark.parametrize(
    ("form", "file", "path"),
    [
        ("labels", "read_results.txt", None),
        ("mindocr", "system_results.txt", "photo.png"),
        ("ppocrlabel", "Label.txt", "below/photo.png"),
    ],
)
def test_other_formats(reader, photo, tmp_path, form, file, path):
    out = tmp_path / "out"
    photo = photo.rename((tmp_path / "below").mkdir() or tmp_path / "below/photo.png")
    assert read_images(reader, [str(photo)], io.StringIO(), out, form=form, draw=False) == 0
    assert sorted(each.name for each in out.iterdir()) == sorted([file, "read_progress.jsonl"])
    name, texts = parse_label_line((out / file).read_text(encoding="utf-8"), file, 1)
    assert name == (path or str(photo))
    assert [text["transcription"] for text in texts] == ["250", "200"]
    assert texts[0]["points"] == [[10, 10], [100, 10], [100, 26], [10, 26]]


def test_plain_text_of_each_image(reader, photo, tmp_path):
    cv2.imwrite(str(tmp_path / "empty.png"), np.zeros((30, 90, 3), np.uint8))
    out = tmp_path / "out"
    sources = [str(photo), str(tmp_path / "empty.png")]
    assert read_images(reader, sources, io.StringIO(), out, form="text", draw=False) == 0
    assert (out / "photo_read.txt").read_text(encoding="utf-8") == "250\n200\n"
    assert (out / "empty_read.txt").read_text(encoding="utf-8") == ""


def test_the_folder_of_the_images_takes_no_results(reader, photo, tmp_path):
    with pytest.raises(UserError, match="--output: .* holds the source images"):
        read_images(reader, [str(photo)], io.StringIO(), tmp_path)


def test_subfolders_and_equal_names(reader, photo, tmp_path):
    (tmp_path / "in/sub").mkdir(parents=True)
    for name in ("a.png", "sub/a.png", "sub/a_read.png"):
        (tmp_path / "in" / name).write_bytes(photo.read_bytes())
    assert read_images(reader, [str(tmp_path / "in")], io.StringIO(), tmp_path / "out", recursive=True) == 0
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"a_read.png", "a_2_read.png"}
    assert len((tmp_path / "out/read_results.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_one_image_is_printed_without_its_name(reader, photo):
    screen = io.StringIO()
    assert read_images(reader, [str(photo)], screen) == 0
    assert screen.getvalue() == "250\n200\n"


def test_nothing_can_be_read(reader, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"none of the 1 images can be read:\n  .*broken\.png"):
        read_images(reader, [str(tmp_path / "broken.png")], io.StringIO())


def test_the_command_takes_the_same_weights_as_the_class():
    parser = argparse.ArgumentParser()
    read.add_arguments(parser)
    assert parser.parse_args(["photos"]).weights == DEFAULT
    assert all(name in parser.format_help() for name in RELEASED)
