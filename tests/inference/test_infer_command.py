"""The command ``mindocr infer`` from its words to its files, with an ONNX file or a network that is NumPy."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from bright_is_text import BrightIsText, write

from mindocr.cli.main import run_command
from mindocr.cli.mindocr_models import RECIPES
from mindocr.config.recipes import recipe_files
from mindocr.errors import CheckpointError, ConfigError, UserError
from mindocr.inference import exported
from mindocr.inference.model_settings import load_settings

SETTINGS = {
    "pipeline": [
        {"DecodeImage": {"img_mode": "RGB"}},
        {"DetResize": {"target_size": [240, 640]}},
        {"NormalizeImage": {"mean": "imagenet", "std": "imagenet"}},
        {"ToCHWImage": None},
    ],
    "postprocess": {"name": "DBPostprocess", "box_thresh": 0.5},
}


@pytest.fixture
def mindir(tmp_path, monkeypatch):
    """A file that looks like MindIR and runs in NumPy, and the devices that were prepared."""
    runner = BrightIsText(input_size=(96, 160), metadata=dict(SETTINGS))
    runner.systems = []
    monkeypatch.setattr(exported, "MindIR", lambda path: runner)
    monkeypatch.setattr(exported.device, "prepare", runner.systems.append)
    monkeypatch.setattr("mindocr.utils.logs.start_logging", lambda folder=None: None)  # caplog listens instead
    runner.path = tmp_path / "my model.mindir"
    runner.path.write_bytes(b"\x0a\x051.1.0\x12\x09MindSpore\x2a\x062.10.0")
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "photos/a.png")
    write(tmp_path / "photos/b/a.png")
    return runner


def infer(*words):
    return run_command("infer", ["--input_images_dir", "photos", *map(str, words)])


def entries(folder="inference_results"):
    return json.loads((Path(folder) / "det_results.json").read_text(encoding="utf-8"))


def test_mindocrs_command_line(mindir, caplog):
    caplog.set_level(logging.INFO, "mindocr")
    code = infer(
        "--det_model_path", mindir.path, "--det_model_name_or_config", "en_ms_det_dbnet_resnet50", "--backend", "lite",
        "--device", "CPU", "--device_id", 3, "--parallel_num", 2, "--precision_mode", "fp16", "--res_save_dir", "res",
        "--node_fetch_interval", "0.1", "--result_contain_score", "False", "--vis_det_save_dir", "vis",
        "--crop_save_dir", "crops", "--rec_model_path", "crnn.mindir", "--rec_model_name_or_config", "crnn.yaml",
        "--cls_model_path", "cls.mindir", "--layout_batch_num", "2", "--recursive",
    )  # fmt: skip
    assert code == 0
    (system,) = mindir.systems
    assert (system.device_target, system.device_id) == ("CPU", 3)
    assert [entry["image"] for entry in entries("res")] == ["photos/a.png", "photos/b/a.png"]
    assert Path("res/det_results.txt").read_text(encoding="utf-8").startswith("a.png\t[[[")
    found = {p.as_posix() for folder in ("vis", "crops") for p in Path(folder).rglob("*.*")}
    assert found == {
        "vis/a_det_res.png", "vis/b/a_det_res.png", "crops/a_crop_0.jpg", "crops/b/a_crop_0.jpg"
    }  # fmt: skip
    warning, *others = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert all("reduced" in each for each in others)  # the network takes small images only
    assert warning == (
        "mindocr infer finds text and does not read it, and has --runtime for the runtime; ignored: --backend, "
        "--parallel_num, --precision_mode, --node_fetch_interval, --rec_model_path, --rec_model_name_or_config, "
        "--cls_model_path, --layout_batch_num"
    )
    assert "images are resized to 96 x 160 (h x w), the only input size of" in caplog.text
    assert mindir.seen[0].shape == (3, 96, 160)


def test_the_settings_in_the_file_are_enough(mindir):
    assert infer("--det_model_path", mindir.path) == 0
    (entry,) = entries()
    assert entry["image"] == "photos/a.png" and len(entry["detections"]) == 1
    assert mindir.systems[0].device_target == "auto"
    del mindir.metadata["pipeline"]
    with pytest.raises(ConfigError, match="my model.mindir': this model file does not hold its prepro.*--det_"):
        infer("--det_model_path", mindir.path)


def test_scores_and_formats(mindir):
    for words, has_scores in (
        ((), True),
        (("--result_contain_score", "True"), True),
        (("--result_contain_score", "False"), False),
        (("--result_format", "mindocr"), False),
    ):
        infer("--det_model_path", mindir.path, *words)
        text = Path("inference_results/det_results.txt").read_text(encoding="utf-8")
        assert ("score" in text) == has_scores, words
    with pytest.raises(ConfigError, match="--result_contain_score True: the results of --result_format icdar have no"):
        infer("--det_model_path", mindir.path, "--result_format", "icdar", "--result_contain_score", "True")


def test_a_log_file_and_a_quiet_screen(mindir, monkeypatch, capfd):
    monkeypatch.undo()
    root = logging.getLogger("mindocr")
    before, propagate = list(root.handlers), root.propagate
    try:
        monkeypatch.setattr(exported, "MindIR", lambda path: mindir)
        monkeypatch.setattr(exported.device, "prepare", lambda system: None)
        monkeypatch.chdir(mindir.path.parent)
        for words, shown in (("--show_log", "False"), False), ((), True):
            infer("--det_model_path", mindir.path, "--save_log_dir", "my logs", *words)
            assert ("texts in 1 images" in capfd.readouterr().err) == shown
            assert "texts in 1 images" in Path("my logs/log_0.txt").read_text(encoding="utf-8")
    finally:
        for handler in list(root.handlers):
            root.removeHandler(handler)
            handler.close()
        root.handlers, root.propagate = before, propagate


def test_a_broken_image_is_left_out(mindir):
    Path("photos/c.png").write_bytes(b"no picture")
    assert infer("--det_model_path", mindir.path) == 1
    with pytest.raises(UserError, match=r"c\.png"):
        infer("--det_model_path", mindir.path, "--on_error", "stop")


def test_an_onnx_file_runs_too(tmp_path, mindir):
    pytest.importorskip("onnxruntime")
    onnx_files = pytest.importorskip("onnx_files")
    path = onnx_files.write_bright_is_text(tmp_path / "a (1).onnx", metadata=SETTINGS)
    assert infer("--det_model_path", path) == 0 and len(entries()[0]["detections"]) == 1
    assert infer("--det_model_path", path, "--det_model_name_or_config", "DB_MV3") == 0
    assert mindir.systems == []


@pytest.mark.parametrize("content", [b"\x0a\x0d\x0a\x05conv1\x12\x04data", b"PK\x03\x04", b"\x80\x02}q\x00."])
def test_another_kind_of_file_is_named(mindir, content):
    mindir.path.write_bytes(content)
    with pytest.raises(CheckpointError, match="expected a MindIR or ONNX file, but this is a .*mindocr (pre|conv)"):
        infer("--det_model_path", mindir.path)


def test_names_of_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    key = "--det_model_name_or_config"
    shipped = {file.name for file in recipe_files()}
    assert set(RECIPES.values()) <= shipped
    for name in ("dbnet_resnet50", "DB", "db", "DB++"):
        assert load_settings(name, key=key).predict is not None
    for name in ("db_r18_icdar15", "configs/det/dbnet/db_r18_icdar15.yaml", *RECIPES):
        settings = load_settings(name, ["system.device_target=CPU"], key=key, aliases=RECIPES)
        assert settings.eval is not None and settings.system.device_target == "CPU"
    with pytest.raises(UserError, match=r"'dbnet_resnet51' is neither .*\(did you mean 'dbnet_resnet50'\?\); known"):
        load_settings("dbnet_resnet51", key=key)
    with pytest.raises(ConfigError, match=r"nothing\.yaml: no such file"):
        load_settings("nothing.yaml", key=key)
    (tmp_path / "DB").write_bytes(b"\x08\x09\x12\x07pytorch")
    with pytest.raises(CheckpointError, match="DB: expected a YAML file, but this is an ONNX file"):
        load_settings("DB", key=key)
