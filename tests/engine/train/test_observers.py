"""Observers: which calls a run makes, with what, and what a failing observer does to it (nothing)."""

import csv
import logging

import numpy as np
import pytest
import run_events

from mindocr.engine.train import trainer
from mindocr.engine.train.observers import Observer, Observers
from mindocr.errors import UserError
from mindocr.utils.interrupts import Stopped

# A user's logger; ``act`` names what it does after ``after`` steps.
MODULE = '''
import os
import signal

from mindocr.engine.train.observers import Observer
from mindocr.errors import UserError

calls = []


class Notes(Observer):
    """Records each call; after ``after`` steps it does ``act``."""

    def __init__(self, act: str = "", after: int = 0) -> None:
        self.act, self.after = act, after

    def on_start(self, event):
        calls.append(("on_start", event))

    def on_step_begin(self, at):
        calls.append(("on_step_begin", at))

    def on_step(self, event):
        calls.append(("on_step", event))
        if self.act and event.at.steps >= self.after:
            getattr(self, self.act)()

    def on_failure(self, event):
        calls.append(("on_failure", event))
        return "ask your logger"

    def on_epoch(self, event):
        calls.append(("on_epoch", event))
        if self.act == "fail":
            self.fail()

    def on_end(self, event):
        calls.append(("on_end", event))

    def state(self):
        return len(calls)

    def restore(self, state):
        calls.append(("restore", state))

    def fail(self):
        raise ConnectionError("the network is gone")

    def give_up(self):
        raise UserError("my logger wants no more")

    def signal(self):
        os.kill(os.getpid(), signal.SIGTERM)
'''


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """The calls that ``my_notes:Notes`` got: (hook, its event)."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "my_notes.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(__import__("sys").modules, "my_notes", raising=False)
    return __import__("my_notes").calls


def hooks(calls):
    return [hook for hook, _ in calls]


def events(calls, wanted):
    return [event for hook, event in calls if hook == wanted]


def test_a_run_makes_its_calls_in_order_and_with_its_numbers(tiny_config, calls):
    options = ("train.loggers=[csv, my_notes:Notes]", "system.val_start_epoch=2", "system.log_interval=1000")
    result = trainer.run(tiny_config(*options))
    epoch = ["on_step_begin", "on_step"] * 6 + ["on_epoch"]
    assert hooks(calls) == ["on_start", *epoch, *epoch, "on_end"]
    start, end = calls[0][1], calls[-1][1]
    assert (start.at.steps, start.epochs, start.steps_per_epoch, start.resumed) == (0, 2, 6, False)
    assert (start.term_names, start.indicator) == (("bce", "l1", "dice"), "f-score")
    assert [at.steps for at in events(calls, "on_step_begin")] == list(range(12))
    steps = events(calls, "on_step")
    assert [event.at.steps for event in steps] == list(range(1, 13))
    assert [event.outcome.loss for event in steps] == result.losses
    assert [event.ends_epoch for event in steps] == ([False] * 5 + [True]) * 2
    assert all(event.images == len(event.batch["img_path"]) == 2 for event in steps)
    for event in steps:
        assert sum(event.terms.values()) == pytest.approx(event.outcome.loss, rel=1e-4)
    assert steps[8].means["loss"] == pytest.approx(np.mean(result.losses[6:9]))
    first, second = events(calls, "on_epoch")
    assert (first.scores, first.score, first.evaluation, first.best, first.last) == ({}, None, None, None, False)
    assert second.scores == {k: v for k, v in result.scores.items() if isinstance(v, float)}
    assert second.score == result.scores["f-score"] and second.last
    assert second.best == result.folder / "best.ckpt" and second.best.exists()
    assert set(second.row) - set(first.row) == set(second.scores)
    with (result.folder / "performance.csv").open(encoding="utf-8") as file:
        assert list(second.row) == list(next(csv.DictReader(file)))
    assert (end.error, end.result.best_epoch, end.at.epoch, end.result) == (None, 2, 2, result)
    assert not (result.folder / "curves.png").exists()


def test_a_logger_that_fails_does_not_end_the_run_and_is_named_once(tiny_config, calls):
    loggers = "train.loggers=[{name: my_notes:Notes, act: fail}, csv]"
    result = trainer.run(tiny_config(loggers, "train.max_steps=3", "system.val_while_train=False"))
    assert (result.steps, len(events(calls, "on_step")), hooks(calls)[-1]) == (3, 3, "on_end")
    assert (result.folder / "performance.csv").exists()
    log = (result.folder / "log_0.txt").read_text(encoding="utf-8")
    assert log.count("my_notes:Notes: on_step failed (ConnectionError: the network is gone; ") == 1
    assert "my_notes.py, line " in log and "Training continues; only this record may be incomplete" in log
    assert "my_notes:Notes: on_step failed 3 times in this run" in log
    assert log.count("my_notes:Notes: on_epoch failed") == 1


def test_the_failed_step_is_reported_before_the_run_ends(tiny_config, calls):
    overflow = ("optimizer={opt: SGD}", "scheduler={scheduler: constant, lr: 1e30, num_epochs: 1}")
    with pytest.raises(UserError, match=r"names layer, loss term and image; ask your logger$") as caught:
        trainer.run(tiny_config("train.loggers=[my_notes:Notes]", *overflow, "system.val_while_train=False"))
    assert hooks(calls)[-3:] == ["on_step_begin", "on_failure", "on_end"]
    failed, end = calls[-2][1], calls[-1][1]
    assert f"not finite at step {failed.at.steps} " in str(caught.value)
    assert failed.at.steps == len(events(calls, "on_step")) + 1
    assert not failed.dropped and not failed.outcome.finite and failed.number == 1
    assert failed.batch["img_path"][0] in str(caught.value)
    assert end.error is caught.value and end.result.steps == failed.at.steps


@pytest.mark.slow
def test_a_signal_ends_the_run_with_its_last_call_and_resuming_gives_the_state_back(tiny_config, calls):
    options = ("scheduler.num_epochs=2", "system.val_while_train=False")
    with pytest.raises(Stopped):
        trainer.run(tiny_config(*options, "train.loggers=[csv, {name: my_notes:Notes, act: signal, after: 8}]"))
    assert isinstance(calls[-1][1].error, Stopped) and hooks(calls)[-1] == "on_end"
    saved = len(calls) - 1  # when the state was saved, the end was still to come
    del calls[:]
    result = trainer.run(tiny_config(*options, "train.resume=auto", "train.loggers=[csv, my_notes:Notes]"))
    assert hooks(calls) == ["restore", "on_start", *["on_step_begin", "on_step"] * 4, "on_epoch", "on_end"]
    assert calls[0][1] == saved
    assert (calls[1][1].resumed, calls[1][1].at.steps, calls[1][1].at.batch) == (True, 8, 2)
    with (result.folder / "performance.csv").open(encoding="utf-8") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]


def test_a_user_error_of_an_observer_ends_the_run_on_purpose(tiny_config, calls):
    loggers = "train.loggers=[{name: my_notes:Notes, act: give_up, after: 2}]"
    with pytest.raises(UserError, match="^my logger wants no more$") as caught:
        trainer.run(tiny_config(loggers, "system.val_while_train=False"))
    assert len(events(calls, "on_step")) == 2
    assert calls[-1][0] == "on_end" and calls[-1][1].error is caught.value


@pytest.fixture
def heard(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)
    return caplog


class Broken(Observer):
    """Fails in each hook, in ``on_end`` even with a UserError."""

    def on_failure(self, event):
        raise KeyError("a")

    def on_epoch(self, event):
        raise OSError(28, "No space left on device")

    def on_end(self, event):
        raise UserError("too late")

    def state(self):
        raise ZeroDivisionError


class Helpful(Observer):
    """Has hints and a state."""

    def __init__(self, hint, state=None):
        self.hint, self.kept, self.seen = hint, state, []

    def on_failure(self, event):
        return self.hint

    def on_epoch(self, event):
        self.seen.append(event)

    def state(self):
        return self.kept

    def restore(self, state):
        self.kept = state


def test_hints_are_joined_and_a_broken_observer_keeps_nothing_from_the_others(heard):
    helpful = Helpful("look there")
    several = Observers({"broken": Broken(), "a": Helpful("look here"), "b": Helpful(None), "c": helpful})
    assert several.on_failure(run_events.failure()) == "look here; look there"
    several.on_epoch(run_events.epoch())
    several.on_epoch(run_events.epoch(2))
    assert [event.at.epoch for event in helpful.seen] == [1, 2]
    assert sum("broken: on_epoch failed (OSError: [Errno 28]" in message for message in heard.messages) == 1
    assert Observers().on_failure(run_events.failure()) is None


def test_the_end_is_never_replaced_by_an_observers_own_error(heard, tmp_path):
    Observers({"broken": Broken()}).on_end(run_events.end(tmp_path))
    assert "broken: on_end failed (UserError: too late" in heard.text


def test_states_are_kept_by_name_and_what_json_cannot_hold_is_left_out(heard):
    before = {"a": Helpful(None, {"id": 3}), "b": Helpful(None), "c": Helpful(None, {1, 2}), "broken": Broken()}
    state = Observers(before).state()
    assert state == {"a": {"id": 3}}
    assert "c: state failed (TypeError" in heard.text and "broken: state failed (ZeroDivisionError" in heard.text
    after = {"a": Helpful(None), "new": Helpful(None)}
    Observers(after).restore({**state, "gone": 1})
    assert (after["a"].kept, after["new"].kept) == ({"id": 3}, None)


def test_keyboard_interrupts_are_not_held_back():
    class Interrupted(Observer):
        def on_epoch(self, event):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Observers({"a": Interrupted()}).on_epoch(run_events.epoch())
