"""Handling of steps that are not finite: counting, dropping, stopping."""

import numpy as np
import pytest

from mindocr.engine.train.nonfinite_policy import MAX_DROPS_IN_A_ROW, LossGuard
from mindocr.engine.train.observers import Observer
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.step_inputs import StepOutcome
from mindocr.errors import UserError

GOOD = StepOutcome(1.0, np.array([0.7, 0.3]), True, 2.0)
BAD = StepOutcome(np.nan, np.array([np.nan, 0.3]), False, np.inf)
BATCH = {"img_path": ["a.jpg", "b.jpg"]}


def after(guard, outcomes):
    at = Progress()
    for outcome in outcomes:
        at.steps += 1
        guard.note(at, outcome, BATCH)
    return at


def test_good_and_dropped_updates_are_counted():
    at = after(LossGuard(("bce", "l1"), 1, drops=True), [GOOD, BAD, BAD, GOOD, BAD])
    assert (at.steps, at.updates, at.dropped, at.dropped_in_a_row) == (5, 2, 3, 1)


def test_a_bad_batch_spoils_the_update_that_it_belongs_to():
    # the step reports a bad batch at once, and again when its update is due
    at = after(LossGuard(("bce", "l1"), 2, drops=True), [BAD, BAD, GOOD, GOOD])
    assert (at.updates, at.dropped) == (1, 1)


def test_without_a_scaler_the_first_bad_step_stops_the_run():
    with pytest.raises(UserError, match=r"at step 2 \(epoch 1\): loss nan \(bce nan, l1 0.3\).*images: a.jpg, b.jpg"):
        after(LossGuard(("bce", "l1"), 1, drops=False), [GOOD, BAD])


def test_too_many_drops_in_a_row_stop_the_run_all_the_same():
    guard = LossGuard(("bce", "l1"), 1, drops=True)
    assert after(guard, [BAD] * MAX_DROPS_IN_A_ROW + [GOOD]).dropped == MAX_DROPS_IN_A_ROW
    with pytest.raises(UserError, match=f"not finite at step {MAX_DROPS_IN_A_ROW + 1} "):
        after(guard, [BAD] * (MAX_DROPS_IN_A_ROW + 1))


class Notes(Observer):
    """Records (step, dropped, number) of each failure, and returns a hint."""

    def __init__(self):
        self.seen = []

    def on_failure(self, event):
        self.seen.append((event.at.steps, event.dropped, event.number))
        return "look there"


def test_observers_hear_of_the_first_failed_step_of_each_dropped_update():
    notes = Notes()
    after(LossGuard(("bce", "l1"), 1, drops=True, observers=notes), [GOOD, BAD, BAD])
    assert notes.seen == [(2, True, 1), (3, True, 2)]
    notes = Notes()
    # updates of two batches: the first is lost at once, the second by its second batch
    after(LossGuard(("bce", "l1"), 2, drops=True, observers=notes), [BAD, BAD, GOOD, BAD])
    assert notes.seen == [(1, True, 1), (4, True, 2)]


def test_the_message_of_a_run_that_stops_ends_with_the_hint_of_the_observers():
    notes = Notes()
    with pytest.raises(UserError, match=r"use system.amp_level: O0\. look there$"):
        after(LossGuard(("bce", "l1"), 1, drops=False, observers=notes), [GOOD, BAD])
    assert notes.seen == [(2, False, 1)]
