"""Distillation on small networks: each method trains from a configuration, its terms fall, and students differ."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from mindspore import nn
from tiny_network import Tiny

from mindocr.config import load_config
from mindocr.engine.runtime import build
from mindocr.engine.train import checkpoints, trainer
from mindocr.errors import ConfigError
from mindocr.models.weights import read_checkpoint
from mindocr.registry import BACKBONES

pytestmark = pytest.mark.slow

NETWORK = {
    "backbone": {"name": "tiny_for_tests"},
    "neck": {"name": "DBFPN", "out_channels": 16},
    "head": {"name": "DBHead"},
}
LABELS = {"name": "DBLoss", "bce_replace": "diceloss"}
SHORT = ("system.val_while_train=False", "scheduler.num_epochs=6", "scheduler.lr=0.01", "train.loader.batch_size=4")
ONE = {"loss": LABELS, "networks": ["Student"]}
TWO = {"loss": LABELS, "networks": ["Student2"]}
MUTUAL = {"loss": {"name": "DMLLoss"}, "networks": ["Student", "Student2"], "weight": 10.0}
TAUGHT = [{"loss": {"name": "DBDistillLoss"}, "networks": [name, "Teacher"]} for name in ("Student", "Student2")]


@pytest.fixture
def several(tiny_config, tmp_path):
    """Builds a configuration of several networks; the frozen teacher is a random network that is sure."""
    teacher = build.network(tiny_config("system.seed=7"), training=True)
    for parameter in teacher.head.segm[-1].get_parameters():
        parameter.set_data(parameter * 30 if parameter.name.endswith("weight") else parameter * 0)
    checkpoints.save(teacher.weights(), tmp_path / "teacher.ckpt")

    def made(networks, terms, *more, folder, other="tiny_for_tests"):
        taught = {**NETWORK, "frozen": True, "pretrained": str(tmp_path / "teacher.ckpt")}
        sections = {name: taught if name == "Teacher" else NETWORK for name in networks}
        sections["Student2"] = {**NETWORK, "backbone": {"name": other}}
        return tiny_config(
            "model.backbone=null", "model.neck=null", "model.head=null", f"model.networks={json.dumps(sections)}",
            "model.use=Student", f"loss={json.dumps({'name': 'CombinedLoss', 'terms': terms})}",
            *SHORT, *more, folder=folder,
        )  # fmt: skip

    return made


def weights(result):
    stored = read_checkpoint(result.folder / "epoch_0006.ckpt")
    return {name: value.asnumpy() for name, value in stored.items() if not name.startswith("mindocr.")}


def columns(result):
    header, *rows = (result.folder / "performance.csv").read_text(encoding="utf-8").splitlines()
    return dict(zip(header.split(","), zip(*(row.split(",") for row in rows))))


def test_collaborative_learning_of_detectors(several, tiny_config):
    """CML: the terms are all there and fall, the student is not the one of the same steps alone, the state has all."""
    taught = trainer.run(several(["Student", "Student2", "Teacher"], [ONE, TWO, MUTUAL, *TAUGHT], folder="cml"))
    table = columns(taught)
    falling = ("Student.bce", "Student2.bce", "Student-Teacher.bce", "Student2-Teacher.bce")
    assert {"Student2.l1", "Student-Student2.dml", "Student2-Teacher.dice", *falling} <= table.keys()
    for name in falling:
        assert float(table[name][-1]) < 0.995 * float(table[name][0]), name
    assert float(table["Student-Student2.dml"][-1]) < 0.1, "the students agree"

    alone = trainer.run(tiny_config(f"model.neck={json.dumps(NETWORK['neck'])}", "model.head={name: DBHead}",
                                    f"loss={json.dumps(LABELS)}", *SHORT, folder="alone"))  # fmt: skip
    ours, theirs = weights(taught), weights(alone)
    assert ours.keys() == theirs.keys() and not any("Student" in name or "Teacher" in name for name in ours)
    assert max(np.abs(ours[name] - theirs[name]).max() for name in ours) > 1e-3

    state = read_checkpoint(taught.folder / "train_state.ckpt")
    prefixes = {name.partition(".")[0] for name in state if name.endswith("segm.0.weight")}
    assert {"Student", "Student2", "Teacher"} <= prefixes


class Half(Tiny):
    """Sees every other pixel."""

    def construct(self, x):
        return super().construct(x[:, :, ::2, ::2])


def test_a_network_of_another_output_size_is_named_before_the_first_step(several, monkeypatch):
    monkeypatch.setitem(BACKBONES._classes, "half_for_tests", Half)
    crop = "train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[128, 128]"
    config = several(["Student", "Student2"], [ONE, MUTUAL], crop, folder="sizes", other="half_for_tests")
    with pytest.raises(ConfigError, match=r"Student.prob is \(4, 1, 128, 128\), Student2.prob is \(4, 1, 64, 64\)"):
        trainer.run(config)


class TinyLine(nn.Cell):
    """Two convolutions and a mean over the rows, (N, 3, H, W) -> (N, 16, 1, W / 4)."""

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        self.pretrained, self.out_channels, self.strides = pretrained, 16, [1]
        self.layers = nn.SequentialCell(
            nn.Conv2d(3, 16, 3, stride=2), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, stride=2), nn.BatchNorm2d(16), nn.ReLU(),
        )  # fmt: skip

    def construct(self, x):
        return self.layers(x).mean(2, keep_dims=True)


LINE = {
    "backbone": {"name": "line_for_tests"},
    "neck": {"name": "RNNEncoder", "hidden_size": 8, "num_layers": 1},
    "head": {"name": "CTCHead", "out_channels": 12},
}


@pytest.fixture
def lines(repo_root, tmp_path, monkeypatch):
    """Builds a configuration of recognisers on eight images of numbers."""
    BACKBONES.names()
    monkeypatch.setitem(BACKBONES._classes, "line_for_tests", TinyLine)
    texts = []
    for i in range(8):
        image = np.full((32, 100, 3), 255, np.uint8)
        cv2.putText(image, str(137 * (i + 1)), (5, 25), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (60, 30, 10), 2)
        cv2.imwrite(str(tmp_path / f"{i}.png"), image)
        texts.append(f"{i}.png\t{137 * (i + 1)}\n")
    (tmp_path / "lines.txt").write_text("".join(texts), encoding="utf-8")
    (tmp_path / "keys.txt").write_text("\n".join("0123456789"), encoding="utf-8")

    def made(networks, terms, folder, *more):
        data = {"dataset_root": str(tmp_path), "data_dir": ".", "label_file": "lines.txt"}
        return load_config(
            repo_root / "configs/rec/ppocr/ppocrv2_rec_mobile.yaml",
            [
                "model.backbone=null", "model.neck=null", "model.head=null", "model.use=Student",
                f"model.networks={json.dumps(networks)}",
                f"loss={json.dumps({'name': 'CombinedLoss', 'terms': terms})}",
                f"postprocess.character_dict_path={tmp_path / 'keys.txt'}", "system.val_while_train=False",
                f"train.ckpt_save_dir={tmp_path / folder}", "train.dataset.type=RecDataset",
                *(f"train.dataset.{key}={value}" for key, value in data.items()),
                *(f"train.dataset.transform_pipeline.{op}=drop" for op in ("CropTextLine", "RecAug")),
                "train.dataset.transform_pipeline.PadTextLine.min_width=100",
                "train.loader.batch_size=8", "train.loader.num_workers=0", "scheduler.num_epochs=20",
                "scheduler.warmup_epochs=0", "scheduler.decay_epochs=20", "scheduler.lr=0.01",
                "loss_scaler.type=static", "loss_scaler.loss_scale=1.0", "train.dataset.on_error=raise", *more,
            ],
        )  # fmt: skip

    return made


def test_mutual_learning_of_recognisers_and_a_frozen_teachers_logits(lines, tmp_path):
    """U-DML with the features of the backbones, resumed exactly; then decoupled distillation from its result."""
    equal = {**LINE, "outputs": ["logits", "backbone_out"]}
    pair = ["Student", "Teacher"]
    terms = [
        *({"loss": {"name": "CTCLoss"}, "networks": [name]} for name in pair),
        {"loss": {"name": "DMLLoss", "output": "logits", "softmax": True}, "networks": pair},
        {"loss": {"name": "DistanceLoss"}, "networks": pair},
    ]
    first = trainer.run(lines({"Student": equal, "Teacher": equal}, terms, "udml"))
    assert np.mean(first.losses[-3:]) < 0.8 * np.mean(first.losses[:3])
    assert {"Student-Teacher.dml", "Student-Teacher.l2", "Teacher.ctc"} <= columns(first).keys()
    start = trainer.run(lines({"Student": equal, "Teacher": equal}, terms, "parts", "train.max_steps=12"))
    rest = trainer.run(lines({"Student": equal, "Teacher": equal}, terms, "parts", "train.resume=auto"))
    assert [*start.losses, *rest.losses] == first.losses and len(start.losses) == 12
    states = [read_checkpoint(run.folder / "train_state.ckpt") for run in (first, rest)]
    trained = [name for name in states[0] if name.endswith("head.fc.weight")]
    assert {"Student.head.fc.weight", "Teacher.head.fc.weight"} <= set(trained)
    for name in trained:
        np.testing.assert_array_equal(*(state[name].asnumpy() for state in states), err_msg=name)

    taught = {**LINE, "frozen": True, "outputs": ["logits"], "pretrained": str(first.folder / "epoch_0020.ckpt")}
    terms = [{"loss": {"name": "DKDLoss"}, "networks": ["Student", "Teacher"]}]
    second = trainer.run(lines({"Student": LINE, "Teacher": taught}, terms, "dkd"))
    assert np.mean(second.losses[-3:]) < 0.5 * np.mean(second.losses[:3]), "it learns without labels"


def test_mutual_learning_with_a_decoder_beside_ctc(lines):
    """U-DML of PP-OCRv3: the logits of both branches are compared, and each has a column of its own."""
    head = {**LINE["head"], "guide": {"name": "SARDecoder", "dim": 8, "layers": 1}}
    equal = {**LINE, "head": head, "outputs": ["logits", "guide_logits", "backbone_out"]}
    terms = load_config("configs/rec/ppocr/ppocrv3_rec_udml.yaml").loss["terms"]
    run = trainer.run(lines({"Student": equal, "Teacher": equal}, terms, "guided", "train.max_steps=10"))
    found = columns(run)
    assert {"Student.guide", "Teacher.guide", "Student-Teacher.dml_logits", "Student-Teacher.dml_guide_logits"} <= set(
        found
    )
    assert np.mean(run.losses[-3:]) < np.mean(run.losses[:3])
    kept = read_checkpoint(run.folder / "epoch_0010.ckpt")
    assert "head.fc.weight" in kept
