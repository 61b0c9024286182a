"""The changing state of a run, read from its objects and restored, and the states that do not fit."""

from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn

from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train.checkpoints import STATE, CheckpointKeeper
from mindocr.engine.train.meter import Meter
from mindocr.engine.train.observers import Observer, Observers
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.resume import find
from mindocr.engine.train.run_state import RunState
from mindocr.errors import CheckpointError


class Loader(SimpleNamespace):
    """The part of a loader that a state uses."""

    def __len__(self):
        return self.batches


def run_state(step=None, batches=5, world=1):
    step = step or nn.Dense(2, 1)
    return RunState(step, Loader(batches=batches, skipped=[]), Progress(), Meter(["bce"]), Runtime("CPU", 0, world))


def saved(state, folder):
    parameters, beside = state.collect()
    CheckpointKeeper(folder).save_state(parameters, beside)
    return find("auto", folder)


def test_everything_comes_back(tmp_path):
    state = run_state()
    state.step.weight.set_data(ms.Tensor([[7.0, 8.0]]))
    state.at.epoch, state.at.batch, state.at.steps = 3, 2, 12
    state.meter.add(0.1, np.array([0.2], np.float32), 4)
    state.loader.skipped.append("a.jpg")
    fresh = run_state()
    fresh.restore(saved(state, tmp_path))
    assert fresh.step.weight.asnumpy().tolist() == [[7, 8]]
    assert (fresh.at, fresh.loader.skipped) == (state.at, ["a.jpg"])
    for meter in (state.meter, fresh.meter):
        meter.add(0.3, np.array([0.4], np.float32), 4)
    ours, theirs = fresh.meter.row(), state.meter.row()
    assert (ours["loss"], ours["bce"]) == (theirs["loss"], theirs["bce"])
    assert ours["loss"] == pytest.approx(0.2)


class Remembers(Observer):
    """Keeps one value."""

    def __init__(self, value):
        self.value = value

    def state(self):
        return self.value

    def restore(self, state):
        self.value = state


def test_observers_get_their_states_back_and_older_states_have_none(tmp_path):
    before, after = run_state(), run_state()
    before.observers, after.observers = Observers({"a": Remembers([3, "b"])}), Observers({"a": Remembers(None)})
    found = saved(before, tmp_path)
    after.restore(found)
    assert after.observers.observers["a"].value == [3, "b"]
    del found.state["ranks"][0]["observers"]
    after.observers.observers["a"].value = 5
    after.restore(found)
    assert after.observers.observers["a"].value == 5


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"step": nn.Dense(3, 1)}, "another model or optimizer: 1 entries do not fit, such as 'weight'"),
        ({"batches": 4}, "comes from epochs of 5 batches, now they have 4"),
        ({"world": 2}, "comes from a run on 1 ranks, this one has 2; start the same number"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(tmp_path, other, message):
    found = saved(run_state(), tmp_path)
    with pytest.raises(CheckpointError, match=message):
        run_state(**other).restore(found)


def test_dropout_is_said_to_draw_anew(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("mindocr.engine.train.run_state.logger.parent.propagate", True)
    found = saved(run_state(nn.SequentialCell(nn.Dense(2, 1), nn.Dropout(p=0.5))), tmp_path)
    run_state(nn.SequentialCell(nn.Dense(2, 1), nn.Dropout(p=0.0))).restore(found)  # such as in every nn.LSTM
    assert "nn.Dropout" not in caplog.text
    run_state(nn.SequentialCell(nn.Dense(2, 1), nn.Dropout(p=0.5))).restore(found)
    assert "nn.Dropout" in caplog.text
    assert find("auto", tmp_path).path.stem == STATE
