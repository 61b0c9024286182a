"""A network with two outputs of different shapes is trained, evaluated and exported: the engine counts no outputs."""

import json
import re

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn, ops

from mindocr.engine.diagnose.failed_step import capsule, replay
from mindocr.engine.evaluate import evaluator
from mindocr.engine.export import exporter
from mindocr.engine.runtime import build
from mindocr.engine.train import trainer
from mindocr.errors import UserError
from mindocr.losses.masked import dice_loss
from mindocr.registry import HEADS, LOSSES

OVERFLOW = ("optimizer={opt: SGD}", "scheduler={scheduler: constant, lr: 1e30, num_epochs: 1}", "system.mode=1")


class Head(nn.Cell):
    """A probability map (N, 1, H, W), and the share of text in the image (N,)."""

    outputs = ("share", "prob")
    inference_outputs = ("share", "prob")

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2dTranspose(in_channels, 1, 4, stride=4, has_bias=True)

    def construct(self, x):
        prob = ops.sigmoid(self.conv(x))
        return prob.mean((1, 2, 3)), prob


class Loss(nn.Cell):
    """Dice of the map, and the squared error of the share."""

    reads, labels, term_names = ("prob", "share"), ("binary_map", "mask"), ("dice", "share")

    def __init__(self) -> None:
        super().__init__()

    def construct(self, prob, share, binary_map, mask):
        target, counted = ops.cast(binary_map, ms.float32), ops.cast(mask, ms.float32)
        dice = dice_loss(prob.squeeze(1), target, counted, 1e-6)
        error = ((share - target.mean((1, 2))) ** 2).mean()
        return dice + error, ops.stack((dice, error))


@pytest.fixture
def config(tiny_config, monkeypatch):
    HEADS.names(), LOSSES.names()
    monkeypatch.setitem(HEADS._classes, "two_outputs_for_tests", Head)
    monkeypatch.setitem(LOSSES._classes, "two_outputs_for_tests", Loss)
    parts = ("model.head={name: two_outputs_for_tests}", "loss={name: two_outputs_for_tests}")
    return lambda *overrides: tiny_config(*parts, *overrides)


@pytest.mark.slow
def test_it_trains_evaluates_and_exports(config, tmp_path):
    made = config("scheduler.num_epochs=2", "system.val_start_epoch=2", "postprocess.box_thresh=0.0")
    result = trainer.run(made)
    assert result.steps == 12 and np.isfinite(result.losses).all()
    assert set(result.scores) >= {"recall", "precision", "f-score"}
    header = (result.folder / "performance.csv").read_text(encoding="utf-8").splitlines()[0]
    assert {"dice", "share"} <= set(header.split(","))
    evaluation = evaluator.run(made)
    saved = json.loads((result.folder / "eval/scores.json").read_text(encoding="utf-8"))
    assert saved.pop("evaluated")["checkpoint"] == str(result.folder / "best.ckpt")
    assert evaluation.scores == saved
    network = build.network(made, training=False, ckpt=result.folder / "best.ckpt")
    exported = exporter.export_mindir(network, tmp_path / "two.mindir", (64, 96), dynamic=True)
    assert exported.max_difference == 0
    graph = nn.GraphCell(ms.load(str(exported.path)))
    assert [output.shape for output in graph(ms.Tensor(np.zeros((2, 3, 32, 64), np.float32)))] == [(2,), (2, 1, 32, 64)]


def test_a_failed_step_is_recorded_and_replayed(config):
    with pytest.raises(UserError, match="not finite") as caught:
        trainer.run(config(*OVERFLOW, "system.val_while_train=False"))
    written = capsule.read(re.search(r"mindocr replay (\S+)'", str(caught.value))[1])
    assert list(written.columns)[:3] == ["image", "binary_map", "mask"]
    assert {"dice", "share"} == set(written.about["terms"]) and written.about["norms"]
    found = replay.run(written.path)
    assert list(found.float32.outputs) == ["share", "prob"]
    assert found.float32.terms.shape == (len(written.images), 2)
    assert found.largest_weight[1] > 1e20 and not found.float32.finite
