"""A student beside a frozen teacher: trained, resumed exactly, evaluated, exported alone."""

import numpy as np
import pytest
from mindspore import nn

from mindocr.engine.evaluate import evaluator
from mindocr.engine.export import exporter
from mindocr.engine.runtime import build
from mindocr.engine.train import checkpoints, trainer
from mindocr.models.weights import read_checkpoint
from mindocr.registry import LOSSES

NETWORK = "{backbone: {name: tiny_for_tests}, neck: {name: DBFPN, out_channels: 16}, head: {name: DBHead}"


class Apart(nn.Cell):
    """Mean squared difference of the probability maps of two networks."""

    reads, labels, term_names = ("prob",), (), ("apart",)

    def __init__(self) -> None:
        super().__init__()

    def construct(self, student, teacher):
        value = ((student - teacher) ** 2).mean()
        return value, value.reshape((1,))


@pytest.fixture
def config(tiny_config, tmp_path, monkeypatch):
    LOSSES.names()
    monkeypatch.setitem(LOSSES._classes, "apart_for_tests", Apart)
    teacher = build.network(tiny_config("system.seed=7"), training=True)
    weights = tmp_path / "teacher.ckpt"
    checkpoints.save(teacher.weights(), weights)
    terms = (
        "[{loss: {name: DBLoss}, networks: [student]},"
        " {loss: {name: apart_for_tests}, networks: [student, teacher], weight: 3.0}]"
    )

    def made(*overrides, folder):
        return tiny_config(
            "model.backbone=null", "model.neck=null", "model.head=null",
            f"model.networks={{student: {NETWORK}}}, teacher: {NETWORK}, frozen: True, pretrained: {weights}}}}}",
            "model.use=student", f"loss={{name: CombinedLoss, terms: {terms}}}", "train.ema=True",
            "system.val_start_epoch=2", *overrides, folder=folder,
        )  # fmt: skip

    return made


@pytest.mark.slow
def test_a_resumed_run_gives_the_same_bits_and_the_student_stands_alone(config, tiny_config, tmp_path):
    whole = trainer.run(config(folder="whole"))
    first = trainer.run(config("train.max_steps=8", "system.val_while_train=False", folder="parts"))
    resumed = config("train.resume=auto", folder="parts")
    second = trainer.run(resumed)
    assert [*first.losses, *second.losses] == whole.losses and len(whole.losses) == 12
    header = (whole.folder / "performance.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"student.bce", "student.dice", "student-teacher.apart"} <= set(header)

    best, again = (read_checkpoint(run.folder / "epoch_0002.ckpt") for run in (whole, second))
    names = [name for name in best if not name.startswith("mindocr.")]
    assert not any(name.startswith(("student", "teacher")) for name in names)
    for name in names:
        np.testing.assert_array_equal(best[name].asnumpy(), again[name].asnumpy(), err_msg=name)

    state, teacher = read_checkpoint(whole.folder / "train_state.ckpt"), read_checkpoint(tmp_path / "teacher.ckpt")
    for name, value in teacher.items():
        np.testing.assert_array_equal(state[f"teacher.{name}"].asnumpy(), value.asnumpy(), err_msg=name)
    assert not [name for name in state if "teacher" in name and not name.startswith("teacher.")], "no optimizer, no EMA"

    of_two = evaluator.run(resumed.model_copy(update={"eval": _with_ckpt(resumed, second.folder)}))
    alone = tiny_config("model.neck={name: DBFPN, out_channels: 16}", "model.head={name: DBHead}", folder="alone")
    assert evaluator.run(alone.model_copy(update={"eval": _with_ckpt(alone, second.folder)})).scores == of_two.scores
    student = build.network(resumed, training=False, ckpt=second.folder / "epoch_0002.ckpt")
    assert exporter.export_mindir(student, tmp_path / "student.mindir", (64, 64)).max_difference == 0


def _with_ckpt(config, folder):
    return config.eval.model_copy(update={"ckpt_load_path": str(folder / "epoch_0002.ckpt")})
