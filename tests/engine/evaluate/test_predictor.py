"""Prediction: every kind of source, results in source pixels, names that do not collide."""

import json

import cv2
import numpy as np
import pytest

from mindocr.data.transforms.pipeline import Pipeline
from mindocr.engine.evaluate import predictor
from mindocr.engine.evaluate.predictor import Predictor, default_pipeline, find_weights
from mindocr.errors import CheckpointError, ConfigError, DataError, UserError
from mindocr.formats.label_file import parse_label_line
from mindocr.models.algorithms import get_algorithm
from mindocr.postprocess.db import DBPostprocess


def bright_is_text(images):
    """Stands in for a network: a pixel is text where the normalised picture is bright."""
    return [(image.mean(0, keepdims=True) > 0).astype(np.float32) for image in images]


@pytest.fixture
def finder():
    return Predictor(bright_is_text, DBPostprocess(box_thresh=0.5, expand_ratio=0.0), default_pipeline(320))


def write(path, size=(240, 640), box=(100, 60, 300, 120)):
    image = np.zeros((*size, 3), np.uint8)
    cv2.rectangle(image, box[:2], box[2:], (255, 255, 255), -1)
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path


def test_boxes_come_in_source_pixels_and_all_files_are_written(finder, tmp_path):
    source = write(tmp_path / "in" / "a.png")
    ((path, found),) = predictor.run(finder, source, tmp_path / "out")
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
    assert len(predictor.run(finder, tmp_path / "x", tmp_path / "out", batch_size=2)) == 2
    assert len(predictor.run(finder, f"{tmp_path}/*/a.png", tmp_path / "both")) == 2
    assert {p.name for p in (tmp_path / "both").glob("*.png")} == {"a_det_res.png", "a_2_det_res.png"}


def test_an_image_without_text_gets_an_empty_list(finder, tmp_path):
    write(tmp_path / "a.png", box=(0, 0, 0, 0))
    ((_, found),) = predictor.run(finder, tmp_path / "a.png", tmp_path / "out")
    assert found.polys == []
    assert json.loads((tmp_path / "out/det_results.json").read_text(encoding="utf-8"))[0]["detections"] == []


def test_nothing_there_and_nothing_readable_are_named(finder, tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        predictor.run(finder, tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match="bad.jpg"):
        predictor.run(finder, tmp_path / "bad.jpg", tmp_path / "out")


def test_results_folder_that_cannot_be_made(finder, tmp_path):
    source = write(tmp_path / "a.png")
    with pytest.raises(UserError, match="the results folder: cannot write to"):
        predictor.run(finder, source, source / "out")


def test_weights_are_found_in_a_folder(tmp_path):
    with pytest.raises(CheckpointError, match="holds 0 checkpoints"):
        find_weights(tmp_path)
    (tmp_path / "one.ckpt").touch()
    assert find_weights(tmp_path).name == "one.ckpt"
    (tmp_path / "two.ckpt").touch()
    with pytest.raises(CheckpointError, match="holds 2 checkpoints and not one of them is best.ckpt"):
        find_weights(tmp_path)
    (tmp_path / "best.ckpt").touch()
    assert find_weights(tmp_path).name == "best.ckpt"
    assert find_weights(tmp_path / "x.ckpt") == tmp_path / "x.ckpt"


def test_unknown_algorithm_and_overrides_without_a_file():
    with pytest.raises(ConfigError, match=r"unknown algorithm 'DB\+'.*did you mean 'DB\+\+'"):
        predictor.choose(None, [], "DB+", None, None, "max")
    with pytest.raises(ConfigError, match="-o: overrides need a configuration"):
        predictor.choose(None, ["a=1"], "DB", None, None, "max")


@pytest.mark.parametrize(("algorithm", "channel"), [("DB_MV3", 0), ("DB_PPOCRv3", 2)])
def test_each_algorithm_sees_the_channels_in_its_order(algorithm, channel, tmp_path):
    known = get_algorithm(algorithm)
    assert cv2.imwrite(str(tmp_path / "red.png"), np.full((64, 64, 3), (0, 0, 255), np.uint8))
    pipeline = Pipeline(default_pipeline(*known.limit, known.blue_first), provided_keys=("img_path",), is_train=False)
    sample = pipeline({"img_path": str(tmp_path / "red.png")}, np.random.default_rng(0))
    assert int(sample["image"].mean((1, 2)).argmax()) == channel
    assert min(sample["image"].shape[1:]) == {"DB_MV3": 64, "DB_PPOCRv3": 736}[algorithm]
