"""A run of prediction: every kind of source, all files, broken images, earlier results, runs that end in the middle."""

import json
import os
import re

import cv2
import numpy as np
import pytest
from bright_is_text import BrightIsText, white_box, write

from mindocr.errors import ConfigError, DataError, StorageError, UserError
from mindocr.formats.benchmarks import read_outlines
from mindocr.formats.label_file import parse_label_line, read_lines
from mindocr.inference import predict
from mindocr.inference.pipeline import default_pipeline
from mindocr.inference.predictor import Predictor
from mindocr.postprocess.db import DBPostprocess

BOX = [[100, 60], [300, 60], [300, 120], [100, 120]]


@pytest.fixture
def finder():
    return Predictor(BrightIsText(), DBPostprocess(box_thresh=0.5, expand_ratio=0.0), default_pipeline(320))


def entries(folder):
    return json.loads((folder / "det_results.json").read_text(encoding="utf-8"))


def images(folder):
    return [entry["image"] for entry in entries(folder)]


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_boxes_come_in_source_pixels_and_all_files_are_written(finder, tmp_path):
    source = write(tmp_path / "in" / "a.png")
    outcome = predict.run(finder, source, tmp_path / "out")
    assert outcome == predict.Outcome(1, 1) and outcome.exit_code == 0
    assert names(tmp_path / "out") == {"a_det_res.png", "det_results.txt", "det_results.json"}
    (entry,) = entries(tmp_path / "out")
    assert entry["image"] == str(source)
    np.testing.assert_allclose(entry["detections"][0]["points"], BOX, atol=3)
    assert 0.5 <= entry["detections"][0]["score"] <= 1
    line = (tmp_path / "out/det_results.txt").read_text(encoding="utf-8").splitlines()[0]
    parsed_path, items = parse_label_line(line, "det_results.txt", 1)
    assert parsed_path == str(source)
    assert [item["points"] for item in items] == [found["points"] for found in entry["detections"]]
    drawn = cv2.imread(str(tmp_path / "out/a_det_res.png"))
    assert drawn.shape[:2] == (240, 640)
    assert (drawn != cv2.imread(str(source))).any()


def test_folder_glob_and_equal_names(finder, tmp_path):
    for folder in ("x", "y"):
        write(tmp_path / folder / "a.png")
    write(tmp_path / "x" / "b.jpg", size=(320, 200), box=(20, 20, 100, 60))
    assert predict.run(finder, tmp_path / "x", tmp_path / "out", batch_size=2).images == 2
    assert predict.run(finder, f"{tmp_path}/*/a.png", tmp_path / "both").images == 2
    assert {p.name for p in (tmp_path / "both").glob("*.png")} == {"a_det_res.png", "a_2_det_res.png"}


def test_no_pictures_where_none_are_wanted_or_in_a_folder_of_their_own(finder, tmp_path):
    source = write(tmp_path / "in" / "a.png")
    predict.run(finder, source, tmp_path / "out", draw=False)
    assert names(tmp_path / "out") == {"det_results.txt", "det_results.json"}
    predict.run(finder, source, tmp_path / "out", pictures=tmp_path / "drawn")
    assert names(tmp_path / "out") == {"det_results.txt", "det_results.json"}
    assert names(tmp_path / "drawn") == {"a_det_res.png"}


def test_an_image_without_text_gets_an_empty_list(finder, tmp_path):
    write(tmp_path / "a.png", box=(0, 0, 0, 0))
    predict.run(finder, tmp_path / "a.png", tmp_path / "out")
    assert entries(tmp_path / "out")[0]["detections"] == []


def test_nothing_there_and_nothing_readable_are_named(finder, tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        predict.run(finder, tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"^\S+bad.jpg: not an image"):
        predict.run(finder, tmp_path / "bad.jpg", tmp_path / "out")
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"(?s)none of the 2 images can be read:\n  .*bad.jpg: not an.*\n  .*empty.png"):
        predict.run(finder, tmp_path, tmp_path / "out")


def test_results_folder_that_cannot_be_made(finder, tmp_path):
    source = write(tmp_path / "a.png")
    with pytest.raises(UserError, match="the results folder: cannot write to"):
        predict.run(finder, source, source / "out")


def spoiled(folder):
    """Two good images and four files that are none."""
    write(folder / "a.png")
    write(folder / "e.png")
    (folder / "b.gif").write_bytes(b"GIF89a" + bytes(40))
    (folder / "c.png").write_bytes((folder / "a.png").read_bytes()[:-20])
    (folder / "d.jpg").write_bytes(b"")
    (folder / "._a.png").write_bytes(b"\x00\x05\x16\x07 attributes of macOS")
    return folder


@pytest.mark.parametrize("batch_size", [1, 4])
def test_broken_files_are_left_out_and_listed_at_the_end(finder, tmp_path, caplog, batch_size):
    folder, out = spoiled(tmp_path / "in"), tmp_path / "out"
    with caplog.at_level("INFO", logger="mindocr"):
        outcome = predict.run(finder, folder, out, batch_size=batch_size)
    assert (outcome.images, len(outcome.skipped), outcome.exit_code) == (2, 3, 1)
    assert images(out) == [str(folder / "a.png"), str(folder / "e.png")]
    last = caplog.messages[-1].splitlines()
    assert last[0] == "3 of 5 files could not be read and were left out:"
    for line, name, reason in zip(last[1:], ("b.gif", "c.png", "d.jpg"), ("not an image", "cut short", "empty")):
        assert name in line and reason in line
    assert (out / "det_skipped.txt").read_text(encoding="utf-8").splitlines() == [line[2:] for line in last[1:]]
    assert f"{folder}: images used: 5; left out: 1 hidden file such as ._a.png" in caplog.messages
    assert sum("b.gif" in message for message in caplog.messages) == 1, "each is named once"
    predict.run(finder, folder / "a.png", out)
    assert names(out) == {"a_det_res.png", "e_det_res.png", "det_results.txt", "det_results.json"}


def test_a_long_list_of_broken_files_is_cut_in_the_log_only(finder, tmp_path, caplog):
    write(tmp_path / "in/z.png")
    for number in range(25):
        (tmp_path / "in" / f"{number:02}.png").write_bytes(b"")
    predict.run(finder, tmp_path / "in", tmp_path / "out")
    last = caplog.messages[-1].splitlines()
    assert len(last) == 22 and last[-1] == f"  and 5 more; {tmp_path / 'out' / 'det_skipped.txt'} lists all"
    assert len((tmp_path / "out/det_skipped.txt").read_text(encoding="utf-8").splitlines()) == 25


@pytest.mark.parametrize("word", ["stop", "raise"])
def test_a_data_set_may_stop_at_a_broken_file(finder, tmp_path, word):
    spoiled(tmp_path / "in")
    source = {"data_dir": "in", "dataset_root": str(tmp_path), "on_error": word}
    with pytest.raises(DataError, match=r"b\.gif"):
        predict.run(finder, source, tmp_path / "out")
    assert images(tmp_path / "out") == [str(tmp_path / "in/a.png")], "what was found before stays"


class StopsAtThird(BrightIsText):
    """A runner that is killed with its process at the third image."""

    def __call__(self, images):
        if len(self.seen) == 2:
            raise KeyboardInterrupt
        return super().__call__(images)


def test_a_run_that_ends_in_the_middle_leaves_what_it_has_found(tmp_path):
    for name in "abcd":
        write(tmp_path / "in" / f"{name}.png")
    stopping = Predictor(StopsAtThird(), DBPostprocess(box_thresh=0.5), default_pipeline(320))
    with pytest.raises(KeyboardInterrupt):
        predict.run(stopping, tmp_path / "in", tmp_path / "out")
    assert images(tmp_path / "out") == [str(tmp_path / "in" / name) for name in ("a.png", "b.png")]
    lines = [parse_label_line(line, "x", n)[0] for n, line in read_lines(tmp_path / "out/det_results.txt")]
    assert lines == images(tmp_path / "out")


def test_earlier_results_are_replaced_and_earlier_pictures_named(finder, tmp_path, caplog):
    write(tmp_path / "in/a.png")
    write(tmp_path / "in/b.png")
    predict.run(finder, tmp_path / "in", tmp_path / "out", result_format="icdar")
    with caplog.at_level("INFO", logger="mindocr"):
        predict.run(finder, tmp_path / "in/b.png", tmp_path / "out")
    replaced = f"{tmp_path / 'out'}: the results of an earlier run are replaced (det_results.json, det_icdar)"
    assert replaced in caplog.messages
    assert "files of an earlier run that this run did not replace: 1 pictures such as a_det_res.png" in caplog.text
    assert names(tmp_path / "out") == {"a_det_res.png", "b_det_res.png", "det_results.txt", "det_results.json"}
    assert images(tmp_path / "out") == [str(tmp_path / "in/b.png")]


def test_earlier_results_stay_where_nothing_can_be_read(finder, tmp_path):
    predict.run(finder, write(tmp_path / "a.png"), tmp_path / "out")
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"bad\.png"):
        predict.run(finder, tmp_path / "bad.png", tmp_path / "out")
    assert images(tmp_path / "out") == [str(tmp_path / "a.png")]


@pytest.mark.parametrize("way", ["same", "dot", "link", "file", "pattern", "pictures", "crops"])
def test_the_folder_of_the_images_is_refused_for_results(finder, tmp_path, monkeypatch, way):
    folder = write(tmp_path / "in/a.png").parent
    (tmp_path / "link").symlink_to("in")
    monkeypatch.chdir(folder)
    source = {"file": folder / "a.png", "pattern": f"{folder}/*.png", "dot": "."}.get(way, folder)
    out = {"dot": tmp_path / "in" / ".." / "in", "link": tmp_path / "link"}.get(way, folder)
    options = {way: folder} if way in ("pictures", "crops") else {}
    place = tmp_path / "out" if options else out
    key = {"pictures": "the folder for pictures", "crops": "the folder for crops"}.get(way, "the results folder")
    with pytest.raises(UserError, match=rf"^{key}: '.*' holds the source images, such as \S*a.png; .* another folder$"):
        predict.run(finder, source, place, **options)
    assert names(folder) == {"a.png"}


def test_subfolders_keep_their_places_and_earlier_results_are_no_images(finder, tmp_path, caplog):
    photos = tmp_path / "photos"
    write(photos / "a.png")
    write(photos / "trip/a.png")
    write(photos / "trip/a.jpg")
    write(photos / ".cache/x.png")
    (photos / "trip/back").symlink_to("..")
    (photos / "found").mkdir()
    source = {"data_dir": str(photos), "recursive": True}
    for number in (1, 2):
        assert predict.run(finder, source, photos / "found", crops=photos / "found/crops").images == 3
        assert names(photos / "found") == {
            "a_det_res.png", "trip/a_det_res.png", "trip/a_2_det_res.png", "det_results.txt", "det_results.json",
            "crops/a_crop_0.jpg", "crops/trip/a_crop_0.jpg", "crops/trip/a_2_crop_0.jpg",
        }, number  # fmt: skip
    assert f"{photos}: left out as results of prediction: 6 files such as" in caplog.text
    assert predict.run(finder, photos, tmp_path / "top").images == 1
    with pytest.raises(UserError, match="holds the source images"):
        predict.run(finder, source, photos / "trip")
    assert predict.run(finder, source, photos / "found").images == 3, "crops of an earlier run are no images either"
    for crop in (photos / "found/crops").rglob("*.jpg"):
        crop.unlink()
    with pytest.raises(DataError, match=r"its 3 image files, such as \S+_det_res.png, are results of prediction"):
        predict.run(finder, {"data_dir": str(photos / "found"), "recursive": True}, tmp_path / "again")


def test_a_pattern_takes_no_results_for_images(finder, tmp_path, caplog):
    photos = tmp_path / "photos"
    write(photos / "trip/a.png")
    source = f"{photos}/**/*.png"
    for number in (1, 2):
        assert predict.run(finder, source, photos / "found").images == 1, number
    assert "left out as results of prediction: 1 files such as" in caplog.text
    with pytest.raises(DataError, match=r"its 1 image files, such as \S+a_det_res.png, are results of prediction"):
        predict.run(finder, f"{photos}/found/*.png", tmp_path / "again")


def test_an_empty_source_is_not_the_working_folder(finder, tmp_path):
    with pytest.raises(DataError, match="the images: expected an image, a folder or a pattern, got ''"):
        predict.run(finder, "", tmp_path / "out")


ODD = [
    b"new\nline.png",
    b"tab\t.png",
    b'"quoted".png',
    b"latin-\xe4.png",
    "茶.png".encode(),
    b"\xff\xfe.png",
    b"a b.png",
]


def test_names_of_any_bytes(finder, tmp_path, caplog):
    folder = tmp_path / "in"
    write(folder / "x.png")
    for name in ODD:
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:  # noqa: PTH118, PTH123  bytes
            file.write((folder / "x.png").read_bytes())
    (folder / os.fsdecode(b"broken-\xe4\n.png")).write_bytes(b"")
    with caplog.at_level("INFO", logger="mindocr"):
        outcome = predict.run(finder, folder, tmp_path / "out", crops=tmp_path / "crops")
    assert outcome.images == len(ODD) + 1
    expected = {os.path.join(os.fsencode(folder), name) for name in [*ODD, b"x.png"]}  # noqa: PTH118  bytes
    assert {os.fsencode(path) for path in images(tmp_path / "out")} == expected
    lines = [parse_label_line(line, "x", n)[0] for n, line in read_lines(tmp_path / "out/det_results.txt")]
    assert lines == images(tmp_path / "out")
    pictures = {os.fsencode(path.name) for path in (tmp_path / "out").glob("*.png")}
    assert pictures == {name.removesuffix(b".png") + b"_det_res.png" for name in [*ODD, b"x.png"]}
    assert r"broken-\udce4\n.png" in caplog.messages[-1]
    for message in caplog.messages:
        message.encode("utf-8")


@pytest.mark.parametrize("form", ["labels", "mindocr", "jsonl", "icdar"])
def test_formats_of_the_results(finder, tmp_path, form):
    write(tmp_path / "in/a.png")
    write(tmp_path / "in/b.png", box=(0, 0, 0, 0))
    predict.run(finder, tmp_path / "in", tmp_path / "out", draw=False, result_format=form)
    text = {"labels": "det_results.txt", "mindocr": "det_results.txt", "jsonl": "det_results.jsonl"}.get(form)
    if form == "icdar":
        assert names(tmp_path / "out") == {"det_icdar/res_a.txt", "det_icdar/res_b.txt", "det_results.json"}
        assert re.fullmatch(r"\d+(,\d+){7}\n", (tmp_path / "out/det_icdar/res_a.txt").read_text())
        assert (tmp_path / "out/det_icdar/res_b.txt").read_text() == ""
        found = read_outlines(tmp_path / "out/det_icdar", "det", "icdar2015")
    elif form == "mindocr":
        first, second = (tmp_path / "out" / text).read_text().splitlines()
        assert second == "b.png\t[]"
        assert first.startswith("a.png\t[[[")
        np.testing.assert_allclose(json.loads(first.partition("\t")[2]), [BOX], atol=3)
        return
    else:
        found = read_outlines(tmp_path / "out" / text, "det", "icdar2015")
    (poly,) = next(each.polys for name, each in found.items() if name.endswith("a"))
    np.testing.assert_allclose(poly, BOX, atol=3)
    assert [len(each.polys) for each in found.values()] == [1, 0]


def test_an_unknown_format(finder, tmp_path):
    with pytest.raises(ConfigError, match="--result_format: expected labels, mindocr, jsonl, icdar, got 'xml'"):
        predict.run(finder, write(tmp_path / "in/a.png"), tmp_path / "out", result_format="xml")


def test_crops_of_every_text(finder, tmp_path):
    write(tmp_path / "in/a.png")
    predict.run(finder, tmp_path / "in", tmp_path / "out", crops=tmp_path / "crops")
    (crop,) = (tmp_path / "crops").iterdir()
    assert crop.name == "a_crop_0.jpg"
    pixels = cv2.imread(str(crop))
    np.testing.assert_allclose(pixels.shape[:2], (60, 200), atol=5)
    assert pixels[10:-10, 10:-10].min() > 250


def test_warm_up_runs_the_network_once_more_on_an_image_that_can_be_read(tmp_path, caplog):
    runner = BrightIsText()
    finder = Predictor(runner, DBPostprocess(box_thresh=0.5), default_pipeline(320))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/0.png").write_bytes(b"")
    write(tmp_path / "in/a.png")
    with caplog.at_level("INFO", logger="mindocr"):
        predict.run(finder, tmp_path / "in", tmp_path / "out", warmup=True, batch_size=3)
    assert len(runner.seen) == 3 + 1
    assert caplog.messages[0].startswith("warm-up: ")


def test_a_full_disk_keeps_the_results_so_far(finder, tmp_path, monkeypatch):
    for name in "ab":
        write(tmp_path / "in" / f"{name}.png")
    real = predict.run.__globals__["ResultWriter"].add

    def add(self, path, found, size):
        if path.endswith("b.png"):
            raise OSError(28, "No space left on device", str(self.folder / "det_results.json"))
        real(self, path, found, size)

    monkeypatch.setattr("mindocr.inference.result_writer.ResultWriter.add", add)
    with pytest.raises(StorageError, match=r"det_results.json: cannot be written \(No space left on device\)"):
        predict.run(finder, tmp_path / "in", tmp_path / "out")
    assert images(tmp_path / "out") == [str(tmp_path / "in/a.png")]


def test_one_image_at_a_time_is_kept(finder, tmp_path):
    """The memory of a run does not grow with the number of images: no result stays referenced."""
    import gc
    import weakref

    from mindocr.inference.result_writer import ResultWriter

    for number in range(4):
        write(tmp_path / "in" / f"{number}.png")
    alive = []
    real = ResultWriter.add

    def add(self, path, found, size):
        gc.collect()
        alive.append(weakref.ref(found))
        counts.append(sum(ref() is not None for ref in alive))
        real(self, path, found, size)

    counts = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResultWriter, "add", add)
        predict.run(finder, tmp_path / "in", tmp_path / "out")
    assert max(counts) <= 2


def test_skipping_in_lists_and_folders_of_the_api(finder, tmp_path, caplog):
    folder = spoiled(tmp_path / "in")
    with pytest.raises(DataError, match=r"b\.gif"):
        finder(folder)
    assert [result.path for result in finder(folder, on_error="skip")] == [str(folder / n) for n in ("a.png", "e.png")]
    mixed = [folder / "c.png", white_box(), folder / "a.png"]
    with pytest.raises(DataError, match="cut short"):
        finder(mixed)
    caplog.clear()
    found = finder(mixed, on_error="skip", batch_size=2)
    assert [result.path for result in found] == [None, str(folder / "a.png")]
    assert caplog.messages[0].startswith("1 of 3 images left out:\n  ") and "cut short" in caplog.text
    with pytest.raises(DataError, match="cut short"):
        finder(folder / "c.png", on_error="skip")
    with pytest.raises(UserError, match="on_error: expected 'raise' or 'skip', got 'ignore'"):
        finder(mixed, on_error="ignore")
