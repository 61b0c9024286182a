"""Files of an evaluation: nothing of an earlier one is overwritten; what a line about an image holds."""

import json
import logging
from types import SimpleNamespace

import numpy as np
import pytest

from mindocr.engine.evaluate import evaluator
from mindocr.engine.evaluate.results import image_line, write_results
from mindocr.engine.runtime import build
from mindocr.engine.train.checkpoints import save
from mindocr.metrics.det_metric import DetMetric
from mindocr.predictions.detection import Detection

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32)


def about(id_, checkpoint="run/best.ckpt"):
    return {"id": id_, "checkpoint": checkpoint}


def evaluation(score):
    return SimpleNamespace(
        also={},
        scores={"f-score": score}, kind=Detection, image_lines=[json.dumps({"score": score})],
        predictions=[("a.jpg", Detection([SQUARE], [score]))],
    )  # fmt: skip


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def score_in(folder):
    return json.loads((folder / "scores.json").read_text(encoding="utf-8"))["f-score"]


FILES = ["detections.txt", "per_image.jsonl", "scores.json"]


def test_results_of_another_checkpoint_are_set_aside(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)
    write_results(evaluation(0.1), about("aaaa1111"), tmp_path)
    (tmp_path / "why_zero.png").write_bytes(b"a picture")
    (tmp_path / "notes.txt").write_text("mine")
    write_results(evaluation(0.2), about("bbbb2222", "run/epoch_0007.ckpt"), tmp_path)
    first = tmp_path / "best-aaaa1111"
    assert score_in(tmp_path) == 0.2 and score_in(first) == 0.1
    assert tree(first) == sorted([*FILES, "why_zero.png"])
    assert set(caplog.messages) == {f"the results of another evaluation, that were in {tmp_path}, are now in {first}"}
    write_results(evaluation(0.3), about("aaaa1111"), tmp_path)
    write_results(evaluation(0.4), about("cccc3333"), tmp_path)
    assert score_in(first) == 0.3 and score_in(tmp_path / "epoch_0007-bbbb2222") == 0.2 and score_in(tmp_path) == 0.4
    assert (tmp_path / "notes.txt").exists()


def test_an_equal_evaluation_replaces_its_own_results(tmp_path):
    for score in (0.1, 0.2):
        write_results(evaluation(score), about("aaaa1111"), tmp_path)
    assert tree(tmp_path) == FILES and score_in(tmp_path) == 0.2


@pytest.mark.parametrize("content", ['{"f-score": 0.5}', "no JSON", "[]", '{"evaluated": 3}'])
def test_scores_without_an_origin_are_kept_too(tmp_path, content):
    (tmp_path / "scores.json").write_text(content)
    write_results(evaluation(0.1), about("aaaa1111"), tmp_path)
    (aside,) = tmp_path.glob("earlier-*")
    assert (aside / "scores.json").read_text() == content


def test_a_line_about_an_image_of_a_detector():
    metric, ignore = DetMetric(), np.array([False, True])
    found = Detection([SQUARE, SQUARE + 100], [0.9, 0.8])
    (result,) = metric.judge([found], [[[SQUARE, SQUARE + 50]], [ignore]])
    line = json.loads(image_line("a.jpg", {"polys": [SQUARE, SQUARE + 50], "ignore_tags": ignore}, found, result))
    assert line["image"] == "a.jpg"
    assert line["truth"] == {"polys": [SQUARE.tolist(), (SQUARE + 50).tolist()], "ignore_tags": [False, True]}
    assert line["found"] == found.to_json()
    assert line["counts"] == dict(result.counts) and line["counts"]["matched"] == 1
    assert line["pairs"] == [[0, 0]] and line["gt_dontcare"] == [1]
    again = DetMetric()
    again.merge({"images": 1, **line["counts"]})
    assert again.result() == metric.result()


def test_a_line_of_a_metric_that_returns_a_plain_result():
    found = SimpleNamespace(to_json=lambda: {"angle": 180})
    line = json.loads(image_line("a.jpg", {"turned": np.int32(1)}, found, np.bool_(True)))
    assert line == {"image": "a.jpg", "truth": {"turned": 1}, "found": {"angle": 180}, "result": True}


@pytest.mark.slow
def test_two_checkpoints_are_evaluated_one_after_the_other(tiny_config, tmp_path):
    config = tiny_config("postprocess.box_thresh=0.0")
    network = build.network(config, training=False)
    for name in ("one", "two"):
        next(iter(network.get_parameters())).set_data(next(iter(network.get_parameters())) + 1)
        save(network.weights(), tmp_path / f"{name}.ckpt")
    made = {}
    for name in ("one", "two", "one"):
        config = tiny_config("postprocess.box_thresh=0.0", f"eval.ckpt_load_path={tmp_path / name}.ckpt")
        made[name] = evaluator.run(config)
    folder = tmp_path / "run/eval"
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    origin = scores.pop("evaluated")
    assert scores == made["one"].scores
    assert origin["checkpoint"] == str(tmp_path / "one.ckpt") and origin["images"] == 5
    assert len(origin["checkpoint_sha256"]) == len(origin["config_sha256"]) == 64
    (label_file,) = origin["label_files"]
    assert label_file.endswith("test_gt.txt")
    assert origin["date"][:2] == "20"
    assert sorted(path.name.rpartition("-")[0] for path in folder.iterdir() if path.is_dir()) == ["one", "two"]
    lines = [json.loads(line) for line in (folder / "per_image.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["image"] for line in lines] == [path for path, _ in made["one"].predictions]
    for name, total in scores["counts"].items():
        assert name == "images" or total == pytest.approx(sum(line["counts"][name] for line in lines))
