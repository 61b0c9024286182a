"""A second task trains, evaluates, exports and predicts with new parts alone; nothing in the package knows it."""

import json
import re

import pytest
import yaml
from upright import ANGLES, PARTS, draw_crops

from mindocr.config import load_config
from mindocr.engine.diagnose.failed_step import capsule, replay
from mindocr.engine.evaluate import evaluator
from mindocr.engine.export import exporter
from mindocr.engine.train import trainer
from mindocr.errors import ConfigError, UserError
from mindocr.inference import predict
from mindocr.inference.mindir import MindIR
from mindocr.inference.predictor import Predictor
from mindocr.registry import POSTPROCESSES


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    draw_crops(folder / "train", 64, seed=1)
    draw_crops(folder / "test", 40, seed=2)
    return folder


@pytest.fixture
def recipe(crops, tmp_path, monkeypatch):
    for registry, cls in PARTS:
        registry.names()
        monkeypatch.setitem(registry._classes, cls.__name__, cls)
    ops = [
        {"DecodeImage": {"img_mode": "RGB"}},
        {"NormalizeImage": {"mean": [127.5] * 3, "std": [127.5] * 3}},
        "ToCHWImage",
    ]

    def section(part, columns):
        common = {"type": "Crops", "dataset_root": str(crops), "transform_pipeline": ops, "output_columns": columns}
        return {"dataset": {**common, "data_dir": part, "label_file": f"{part}.txt"}}

    values = {
        "model": {"type": "cls", "backbone": {"name": "Backbone"}, "head": {"name": "AngleHead"}},
        "loss": {"name": "AngleLoss"},
        "postprocess": {"name": "DecodeAngle"},
        "metric": {"name": "AngleAccuracy"},
        "scheduler": {"lr": 0.003, "num_epochs": 15},
        "optimizer": {"opt": "Adam"},
        "system": {"val_start_epoch": 15},
        "train": {
            "ckpt_save_dir": str(tmp_path / "run"),
            "loader": {"batch_size": 16, "num_workers": 0},
            **section("train", ["image", "angle"]),
        },
        "eval": {
            "ckpt_load_path": str(tmp_path / "run/best.ckpt"),
            "loader": {"batch_size": 8, "num_workers": 0},
            **section("test", ["image", "angle"]),
        },
    }
    path = tmp_path / "upright.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def test_it_trains_evaluates_exports_and_predicts(recipe, crops, tmp_path):
    result = trainer.run(load_config(recipe))
    assert result.steps == 60 and result.best == result.scores["accuracy"] >= 0.9
    table = (result.folder / "performance.csv").read_text(encoding="utf-8").splitlines()
    assert {"loss", "cross_entropy", "accuracy"} <= set(table[0].split(",")) and len(table) == 16
    assert "accuracy" in (result.folder / "log_0.txt").read_text(encoding="utf-8")

    evaluation = evaluator.run(load_config(recipe))
    assert evaluation.scores["accuracy"] == result.best
    assert evaluation.summary().startswith("accuracy ")
    assert json.loads((result.folder / "eval/scores.json").read_text(encoding="utf-8")) == evaluation.scores

    exported = exporter.run(str(recipe), (32, 96), tmp_path)
    assert exported.max_difference <= 1e-5
    model = MindIR(exported.path)
    assert model.output_names == ("confidences",)

    predictor = Predictor(model, POSTPROCESSES.build({"name": "DecodeAngle"}), model.metadata["pipeline"])
    assert predict.run(predictor, crops / "test", tmp_path / "found").exit_code == 0
    results = json.loads((tmp_path / "found/results.json").read_text(encoding="utf-8"))
    found = {each["image"]: each["result"] for each in results}
    assert {path.rpartition("/")[2] for path in found} == {f"{i}.png" for i in range(40)}
    right = [found[path]["angle"] == ANGLES[int(re.search(r"(\d+)\.png", path)[1]) % 2] for path in found]
    assert sum(right) / len(right) == result.best
    lines = (tmp_path / "found/results.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(line.rpartition("\t")[2] for line in lines) == sorted(str(each["angle"]) for each in found.values())
    first = results[0]
    assert set(first) == {"image", "result"} and set(first["result"]) == {"angle", "confidence"}
    assert (tmp_path / "found/0_res.png").is_file()
    with pytest.raises(ConfigError, match="--result_format jsonl: needs text polygons, but this model returns "):
        predict.run(predictor, crops / "test", tmp_path / "found", result_format="jsonl")
    with pytest.raises(ConfigError, match="--save_crop_res: needs text polygons"):
        predict.run(predictor, crops / "test", tmp_path / "found", crops=tmp_path / "crops")
    one = predictor(str(crops / "test/0.png"))
    assert one.to_json()["angle"] == one.prediction.angle


def test_a_failed_step_is_recorded_and_replayed(recipe):
    overrides = ("scheduler={lr: 1e30, num_epochs: 2}", "optimizer={opt: SGD}", "system.val_while_train=False")
    with pytest.raises(UserError, match="not finite") as caught:
        trainer.run(load_config(recipe, overrides))
    written = capsule.read(re.search(r"mindocr replay (\S+)'", str(caught.value))[1])
    assert list(written.columns)[:2] == ["image", "angle"] and list(written.about["terms"]) == ["cross_entropy"]
    assert not replay.run(written.path).float32.finite


def test_a_detectors_parts_do_not_fit(recipe):
    with pytest.raises(ConfigError) as caught:
        load_config(recipe, ["loss={name: DBLoss}", "metric={name: DetMetric}"])
    message = str(caught.value)
    assert "loss: DBLoss reads prob; in training the network outputs logits" in message
    assert "metric: DetMetric evaluates Detection, but DecodeAngle returns Angle" in message


def test_there_is_no_report_page_and_it_is_said(recipe, tmp_path):
    trainer.run(load_config(recipe, ["train.max_steps=1"]))
    with pytest.raises(ConfigError, match="--report: there is no report page for Angle"):
        evaluator.run(load_config(recipe), tmp_path / "report")
