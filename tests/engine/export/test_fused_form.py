"""Checkpoints in the other form: they compute the same, hold their settings, and nothing is written otherwise."""

from __future__ import annotations

from pathlib import Path

import mindspore as ms
import numpy as np
import pytest

from mindocr.config import save_config
from mindocr.engine.export import exporter, fused_form
from mindocr.engine.export.fused_form import fuse_file, unfuse_file
from mindocr.engine.train.checkpoints import save
from mindocr.errors import CheckpointError, ConfigError, DataError, UserError
from mindocr.inference.detector import TextDetector
from mindocr.inference.mindir import MindIR
from mindocr.models import build_model
from mindocr.models.ckpt_entries import RUN_ENTRY, SETTINGS_ENTRY, unpack
from mindocr.models.weights import read_checkpoint


@pytest.fixture
def trained(tiny_config, tmp_path) -> Path:
    """A checkpoint of a detector whose head has BatchNorms with statistics, as training writes it."""
    config = tiny_config("model.head.name=DBHead")
    network = build_model(config.model.model_dump())
    rng = np.random.default_rng(3)
    for number in (1, 4):
        norm = network.head.segm[number]
        for parameter in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance):
            parameter.set_data(ms.Tensor(rng.uniform(0.5, 1.5, parameter.shape).astype(np.float32)))
    save_config(config, tmp_path / "tiny.yaml")
    save(network.get_parameters(), tmp_path / "trained.ckpt", {RUN_ENTRY: {"config": config.model_dump()}})
    save(network.get_parameters(), tmp_path / "bare.ckpt")
    return tmp_path / "trained.ckpt"


def test_there_and_back(trained, tiny_data, tmp_path):
    fused = fuse_file(trained, tmp_path / "fused.ckpt")
    assert fused.max_difference < 1e-5
    assert "largest difference of the outputs" in fused.summary() and "model.head.fused=True" in fused.summary()
    entries = read_checkpoint(fused.path)
    assert "head.segm.0.bias" in entries and "head.segm.1.gamma" not in entries
    settings = unpack(entries[SETTINGS_ENTRY])
    assert settings["converted_from"] == "trained.ckpt" and settings["network"]["head"]["fused"] is True
    back = unfuse_file(fused.path, tiny_data / "test", tmp_path / "back.ckpt", number=3)
    assert back.max_difference < 1e-5 and back.images == 3
    assert "measured on 3 images" in back.summary()
    first, last = build_of(trained), build_of(back.path)
    x = ms.Tensor(np.random.default_rng(1).random((1, 3, 64, 64), np.float32))
    np.testing.assert_allclose(last(x).asnumpy(), first(x).asnumpy(), atol=1e-5)
    assert TextDetector(back.path, limit_side_len=64).postprocess.box_thresh > 0  # its settings suffice


def build_of(path):
    entries = read_checkpoint(path)
    settings = unpack(entries[SETTINGS_ENTRY])["network"] if SETTINGS_ENTRY in entries else None
    model = settings or unpack(entries[RUN_ENTRY])["config"]["model"]
    return build_model(model, ckpt=path).set_train(False)


def test_a_given_image_and_a_given_configuration(trained, tiny_data, tmp_path):
    image = next((tiny_data / "test").glob("*.jpg"))
    words = {"config": tmp_path / "tiny.yaml", "image": image}
    assert fuse_file(tmp_path / "bare.ckpt", tmp_path / "fused.ckpt", **words).max_difference < 1e-5
    with pytest.raises(CheckpointError, match=r"bare\.ckpt: this checkpoint holds no settings; give .* as --config"):
        fuse_file(tmp_path / "bare.ckpt", tmp_path / "fused.ckpt")


def test_what_cannot_be_done(trained, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="--output: .* must end in .ckpt or .safetensors"):
        fuse_file(trained, tmp_path / "fused.onnx")
    with pytest.raises(ConfigError, match=r"all parts of this network \(head\) have the form 'fused: False' already"):
        unfuse_file(trained, tmp_path, tmp_path / "out.ckpt")
    fuse_file(trained, tmp_path / "fused.ckpt")
    (tmp_path / "photos").mkdir()
    with pytest.raises(DataError):
        unfuse_file(tmp_path / "fused.ckpt", tmp_path / "photos", tmp_path / "out.ckpt")
    (tmp_path / "photos/broken.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DataError, match="broken.jpg"):
        unfuse_file(tmp_path / "fused.ckpt", tmp_path / "photos", tmp_path / "out.ckpt")
    monkeypatch.setattr(fused_form, "TOLERANCE", -1)
    with pytest.raises(UserError, match="does not compute the same: largest difference .*; nothing was written"):
        fuse_file(trained, tmp_path / "out.ckpt")
    assert not (tmp_path / "out.ckpt").exists()


def test_an_exported_file_has_the_fused_form(trained, tmp_path):
    exported = exporter.run(str(tmp_path / "tiny.yaml"), (64, 64), tmp_path / "out", ckpt=str(trained))
    content = exported.path.read_bytes()
    assert b"head.segm.0.bias" in content and b"head.segm.1.gamma" not in content
    image = np.random.default_rng(2).random((3, 64, 64), np.float32)
    (found,) = MindIR(exported.path)([image])["prob"]
    expected = build_of(trained)(ms.Tensor(image[None])).asnumpy()[0]
    assert exported.max_difference < 1e-5 and expected.std() > 1e-4
    np.testing.assert_allclose(found, expected, atol=1e-5)
