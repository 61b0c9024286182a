"""Every mistake that a user can make with the four tools: a message that names it, exit code 2, no traceback."""

import json
import shutil
from pathlib import Path

import cv2
import mindspore as ms
import numpy as np
import pytest

from mindocr.engine.train.checkpoints import save
from mindocr.models import build_model

RECIPE = "configs/det/dbnet/db_r18_icdar15.yaml"
QUAD = [[4, 4], [60, 4], [60, 30], [4, 30]]


def label(name="a.jpg", points=QUAD, text="word"):
    return f"{name}\t{json.dumps([{'transcription': text, 'points': points}])}\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One valid image with a valid label file; each test breaks one thing."""
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(0)
    assert cv2.imwrite(str(tmp_path / "images/a.jpg"), rng.integers(0, 255, (64, 96, 3), np.uint8))
    (tmp_path / "gt.txt").write_text(label(), encoding="utf-8")
    return tmp_path


def options(data: Path, *more: str) -> list[str]:
    paths = [f"{s}.dataset.{k}" for s in ("train", "eval") for k in ("dataset_root", "data_dir", "label_file")]
    values = [str(data), "images", "gt.txt"] * 2
    rest = ["model.backbone.pretrained=False", f"train.ckpt_save_dir={data / 'out'}", "train.loader.num_workers=0"]
    rest += ["train.loader.batch_size=1", "train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[64,64]"]
    return ["-o", *(f"{k}={v}" for k, v in zip(paths, values)), *rest, *more]


def refused(outcome, *parts: str) -> None:
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.err
    message = outcome.err[outcome.err.index("error: ") :]
    for part in parts:
        assert part in message, f"{part!r} is not in: {message}"


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("model.neck.out_chanels=64", ["model.neck.out_chanels", "did you mean 'out_channels'"]),
        ("trian.ema=True", ["trian", "did you mean 'train'"]),
        ("train.loader.batch_size=many", ["train.loader.batch_size", "'many'"]),
        ("loss.name=DBLos", ["DBLos", "did you mean 'DBLoss'"]),
        ("train.loader.batch_size", ["train.loader.batch_size", "="]),
    ],
)
def test_configuration(tool, data, override, parts):
    refused(tool("tools/train.py", "-c", RECIPE, *options(data, override)), *parts)


def test_configuration_file_that_is_not_there(tool):
    refused(tool("tools/train.py", "-c", "configs/none.yaml"), "configs/none.yaml")


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("a.jpg [] no tab\n", ["gt.txt:1", "tab"]),
        ("a.jpg\t[{'transcription'\n", ["gt.txt:1", "JSON"]),
        (label(points=[[1, 1], [9, 9]]), ["gt.txt:1", "2"]),
        (label() + label("missing.jpg"), ["gt.txt:2", "missing.jpg"]),
        ("", ["gt.txt", "empty"]),
        (label(text="###"), ["gt.txt", "ignored"]),
    ],
    ids=["no tab", "invalid JSON", "two points", "missing image", "empty data set", "all ignored"],
)
def test_label_file(tool, data, line, parts):
    (data / "gt.txt").write_text(line, encoding="utf-8")
    refused(tool("tools/train.py", "-c", RECIPE, *options(data)), *parts)


def test_label_file_that_is_not_there(tool, data):
    (data / "gt.txt").unlink()
    refused(tool("tools/train.py", "-c", RECIPE, *options(data)), "gt.txt")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0" + bytes(100)])
def test_image_that_does_not_decode(tool, data, content):
    (data / "images/a.jpg").write_bytes(content)
    refused(tool("tools/train.py", "-c", RECIPE, *options(data)), "a.jpg", "gt.txt:1")


def test_output_folder_that_cannot_be_written(tool, data):
    refused(
        tool("tools/train.py", "-c", RECIPE, *options(data, f"train.ckpt_save_dir={data / 'gt.txt' / 'out'}")),
        "train.ckpt_save_dir: cannot write to",
        "choose another folder",
    )


def test_disk_that_is_too_full(tool, data, monkeypatch):
    nearly_full = shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: nearly_full)
    refused(tool("tools/train.py", "-c", RECIPE, *options(data)), "MiB free", "MiB are needed", "free some space")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """Weights of dbnet_resnet18."""
    path = tmp_path_factory.mktemp("weights") / "r18.ckpt"
    save(build_model("dbnet_resnet18").get_parameters(), path)
    return path


def test_checkpoint_of_another_model(tool, data, checkpoint):
    recipe = "configs/det/dbnet/db_mobilenetv3_icdar15.yaml"
    refused(tool("tools/eval.py", "-c", recipe, *options(data, f"eval.ckpt_load_path={checkpoint}")), "dbnet_resnet18")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_checkpoint_cut_short(tool, data, checkpoint, tmp_path, share):
    content = checkpoint.read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(content[: int(len(content) * share)])
    outcome = tool("tools/eval.py", "-c", RECIPE, *options(data, f"eval.ckpt_load_path={tmp_path / 'cut.ckpt'}"))
    refused(outcome, "cut.ckpt")


def test_checkpoint_with_a_flipped_byte(tool, data, checkpoint, tmp_path):
    content = bytearray(checkpoint.read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "flipped.ckpt").write_bytes(content)
    outcome = tool("tools/eval.py", "-c", RECIPE, *options(data, f"eval.ckpt_load_path={tmp_path / 'flipped.ckpt'}"))
    refused(outcome, "flipped.ckpt")


def test_checkpoint_that_is_not_there(tool, data):
    refused(tool("tools/eval.py", "-c", RECIPE, *options(data, "eval.ckpt_load_path=none.ckpt")), "none.ckpt")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--model_name_or_config", "dbnet_resnet18", "--data_shape", 736, 1281], ["736 1281", "multiples of 32"]),
        (["--model_name_or_config", "dbnet_resnet19"], ["dbnet_resnet19", "did you mean 'dbnet_resnet18'"]),
        (["--model_name_or_config", "none.yaml"], ["none.yaml"]),
        (["--model_name_or_config", "dbnet_resnet18", "--local_ckpt_path", "none.ckpt"], ["none.ckpt"]),
        (["--data_shape", 736], ["expected 2 arguments"]),
    ],
)
def test_export(tool, tmp_path, words, parts):
    refused(tool("tools/export.py", *words, "--save_dir", tmp_path), *parts)
    assert list(tmp_path.iterdir()) == []


def test_predict_and_infer(tool, data, checkpoint):
    predict, infer = "tools/infer/text/predict_det.py", "deploy/py_infer/infer.py"
    weights = ["-c", RECIPE, "--det_model_dir", checkpoint, "--draw_img_save_dir", data / "out"]
    refused(tool(predict, "--image_dir", data / "none", *weights), "none")
    (data / "bad.jpg").write_bytes(b"no picture")
    refused(tool(predict, "--image_dir", data / "bad.jpg", *weights), "bad.jpg")
    refused(tool(predict, "--image_dir", data, "--det_algorithm", "EAST"), "EAST", "known: DB")
    files = ["--input_images_dir", data / "images", "--det_model_name_or_config", RECIPE]
    refused(tool(infer, *files, "--det_model_path", data / "none.mindir"), "none.mindir")
    (data / "bad.mindir").write_bytes(ms.__version__.encode())
    refused(tool(infer, *files, "--det_model_path", data / "bad.mindir"), "bad.mindir", "export it again")


def test_convert(tool, data, tmp_path):
    words = ["--image_dir", data / "images", "--label_dir", data, "--output_path", tmp_path / "o.txt"]
    convert = "tools/dataset_converters/convert.py"
    refused(tool(convert, "--dataset_name", "ic51", *words), "ic51", "ic15")
    refused(tool(convert, "--dataset_name", "ic15", "--task", "rec", *words), "rec", "det")
