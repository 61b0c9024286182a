"""The commands of prediction: every kind of source, all files, names that do not collide."""

import json

import cv2
import numpy as np
import pytest
from bright_is_text import BrightIsText, write

from mindocr.config.schema import Predict
from mindocr.errors import ConfigError, DataError, UserError
from mindocr.formats.label_file import parse_label_line
from mindocr.inference import predict
from mindocr.inference.pipeline import default_pipeline
from mindocr.inference.predictor import Predictor
from mindocr.postprocess.db import DBPostprocess


@pytest.fixture
def finder():
    return Predictor(BrightIsText(), DBPostprocess(box_thresh=0.5, expand_ratio=0.0), default_pipeline(320))


def test_boxes_come_in_source_pixels_and_all_files_are_written(finder, tmp_path):
    source = write(tmp_path / "in" / "a.png")
    ((path, found),) = predict.run(finder, source, tmp_path / "out")
    assert path.endswith("a.png")
    (poly,) = found.polys
    np.testing.assert_allclose(poly, [[100, 60], [300, 60], [300, 120], [100, 120]], atol=3)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"a_det_res.png", "det_results.txt", "det_results.json"}
    (entry,) = json.loads((tmp_path / "out/det_results.json").read_text(encoding="utf-8"))
    np.testing.assert_allclose(entry["detections"][0]["points"], poly, atol=0.06)
    assert 0.5 <= entry["detections"][0]["score"] <= 1
    line = (tmp_path / "out/det_results.txt").read_text(encoding="utf-8").splitlines()[0]
    parsed_path, items = parse_label_line(line, "det_results.txt", 1)
    assert parsed_path.endswith("a.png")
    assert len(items) == 1
    drawn = cv2.imread(str(tmp_path / "out/a_det_res.png"))
    assert drawn.shape[:2] == (240, 640)
    assert (drawn != cv2.imread(str(source))).any()


def test_folder_glob_and_equal_names(finder, tmp_path):
    for folder in ("x", "y"):
        write(tmp_path / folder / "a.png")
    write(tmp_path / "x" / "b.jpg", size=(320, 200), box=(20, 20, 100, 60))
    assert len(predict.run(finder, tmp_path / "x", tmp_path / "out", batch_size=2)) == 2
    assert len(predict.run(finder, f"{tmp_path}/*/a.png", tmp_path / "both")) == 2
    assert {p.name for p in (tmp_path / "both").glob("*.png")} == {"a_det_res.png", "a_2_det_res.png"}


def test_no_pictures_where_none_are_wanted(finder, tmp_path):
    source = write(tmp_path / "in" / "a.png")
    predict.run(finder, source, tmp_path / "out", draw=False)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"det_results.txt", "det_results.json"}


def test_an_image_without_text_gets_an_empty_list(finder, tmp_path):
    write(tmp_path / "a.png", box=(0, 0, 0, 0))
    ((_, found),) = predict.run(finder, tmp_path / "a.png", tmp_path / "out")
    assert found.polys == []
    assert json.loads((tmp_path / "out/det_results.json").read_text(encoding="utf-8"))[0]["detections"] == []


def test_nothing_there_and_nothing_readable_are_named(finder, tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        predict.run(finder, tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match="bad.jpg"):
        predict.run(finder, tmp_path / "bad.jpg", tmp_path / "out")


def test_results_folder_that_cannot_be_made(finder, tmp_path):
    source = write(tmp_path / "a.png")
    with pytest.raises(UserError, match="the results folder: cannot write to"):
        predict.run(finder, source, source / "out")


def test_unknown_algorithm():
    with pytest.raises(ConfigError, match=r"unknown algorithm 'DB\+'.*did you mean 'DB\+\+'"):
        predict.choose(None, "DB+", None, None, "max")


SECTION = Predict(
    output_save_dir="found",
    dataset={
        "type": "PredictDataset",
        "data_dir": "photos",
        "dataset_root": "data",
        "sample_ratio": 0.5,
        "on_error": "skip",
        "transform_pipeline": [],
        "output_columns": ["image"],
    },
    loader={"batch_size": 4, "num_workers": 0},
)


def test_a_configuration_names_images_folder_and_batches():
    task = predict.plan(SECTION)
    assert task.dataset == {"data_dir": "photos", "dataset_root": "data", "sample_ratio": 0.5, "on_error": "skip"}
    assert task.folder == "found" and task.loader == {"num_workers": 0, "prefetch": 2, "batch_size": 4}


def test_options_override_the_configuration():
    task = predict.plan(SECTION, "a.jpg", "here", 2)
    assert task.dataset == {"data_dir": "a.jpg", "dataset_root": "", "sample_ratio": 0.5, "on_error": "skip"}
    assert (task.folder, task.loader["batch_size"]) == ("here", 2)
    assert predict.plan(None, "a.jpg") == predict.Task(
        {"data_dir": "a.jpg", "dataset_root": ""}, "./inference_results", {"batch_size": 1}
    )


def test_images_must_be_named():
    with pytest.raises(
        ConfigError, match="--image_dir: required, because no configuration names predict.dataset.data_dir"
    ):
        predict.plan(None)


def test_a_broken_image_is_skipped_where_the_data_set_says_so(finder, tmp_path):
    write(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").write_bytes(b"no picture")
    source = {"data_dir": "in", "dataset_root": str(tmp_path), "on_error": "skip"}
    ((path, _),) = predict.run(finder, source, tmp_path / "out", batch_size=1, num_workers=0)
    assert path.endswith("a.png")
