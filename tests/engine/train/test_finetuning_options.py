"""Options of a run that starts from good weights: scores before it, further data sets, patience, time, statistics."""

import csv

import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.engine.evaluate import evaluator
from mindocr.engine.evaluate.results import SCORES
from mindocr.engine.train import trainer
from mindocr.engine.train.plan import RunPlan
from mindocr.engine.train.progress import Progress
from mindocr.errors import ConfigError
from mindocr.models.weights import read_checkpoint

BEFORE = "system.val_before_train=True"
ALSO = "eval.also={twin: {sample_ratio: 1.0}}"


def rows(folder):
    with (folder / "performance.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_run_without_progress_gives_up_and_keeps_the_weights_it_started_from(tiny_config):
    """With the rate 0 no evaluation is better than the one before the first epoch; the twin has the same scores."""
    config = tiny_config("scheduler.num_epochs=9", "scheduler.lr=0.0", "train.patience=2", BEFORE, ALSO)
    result = trainer.run(config)
    assert (result.epochs, result.best_epoch, result.best) == (2, 0, 0.0)
    table = rows(result.folder)
    assert [row["epoch"] for row in table] == ["0", "1", "2"] and table[0]["loss"] == ""
    assert [row["twin.f-score"] for row in table] == [row["f-score"] for row in table]
    log = (result.folder / "log_0.txt").read_text(encoding="utf-8")
    assert "before the first epoch: recall" in log and "epoch 1/9, twin: recall" in log
    assert "f-score +0.0000 since the first evaluation" in log
    assert "train.patience: no better f-score in 2 evaluations since epoch 0, so the run ends here" in log
    found = evaluator.run(load_config(result.folder / "config.yaml"))
    assert found.also["twin"].scores["counts"] == found.scores["counts"]
    assert '"also": {\n    "twin": {' in (result.folder / "eval" / SCORES).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_run_ends_when_its_time_is_over(tiny_config):
    result = trainer.run(tiny_config("scheduler.num_epochs=9", "train.max_minutes=0.0001"))
    assert (result.epochs, result.steps) == (1, 1) and result.scores is not None
    assert "train.max_minutes: 0.0001 minutes are over" in (result.folder / "log_0.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_statistics_of_the_weights_at_the_start_stay(tiny_config):
    first = trainer.run(tiny_config(folder="first"))
    start = read_checkpoint(first.folder / "best.ckpt")
    options = (f"model.pretrained={first.folder}/best.ckpt", "train.norm_layers.frozen=[backbone]")
    end = read_checkpoint(trainer.run(tiny_config(*options, folder="second")).folder / "best.ckpt")
    moved = {name for name in start if "moving_" in name and not np.array_equal(start[name].asnumpy(),
                                                                                end[name].asnumpy())}  # fmt: skip
    assert moved and not any(name.startswith("backbone") for name in moved)
    assert any(not np.array_equal(start[n].asnumpy(), end[n].asnumpy()) for n in start if n.startswith("backbone"))


def test_without_weights_there_are_no_statistics_to_keep(tiny_config):
    with pytest.raises(ConfigError, match=r"train.norm_layers.frozen: statistics are kept only where training starts"):
        trainer.run(tiny_config("train.norm_layers.frozen=[all]"))


def test_patience_counts_evaluations_since_the_best_one(tiny_config):
    plan = RunPlan(tiny_config("train.patience=2", "system.val_interval=3", "scheduler.num_epochs=30"), np.ones(1), 5)
    # evaluated after the epochs 1, 4, 7, 10
    assert [e for e in range(1, 11) if plan.gives_up(Progress(epoch=e), 1)] == [7, 8, 9, 10]
    assert not plan.gives_up(Progress(epoch=10), 7)
    assert not RunPlan(tiny_config(), np.ones(1), 5).gives_up(Progress(epoch=30), 1)


def test_the_clock_is_looked_at_in_one_place(tiny_config):
    plan = RunPlan(tiny_config("train.max_minutes=2"), np.ones(1), 5)
    plan.begin(100.0)
    assert plan.seconds_left(160.0) == 60 and not plan.is_last(Progress())
    plan.look_at_clock(219.0)
    assert not plan.out_of_time
    plan.look_at_clock(220.0)
    assert (
        plan.out_of_time and plan.is_last(Progress()) and plan.evaluates(Progress()) and plan.seconds_left(300.0) == 0
    )
    assert list(plan.epochs_to_go(Progress(closed=True, batch=5))) == []
