"""The estimate of the time to the end of a run."""

from datetime import datetime

import numpy as np
import pytest
import run_events

from mindocr.engine.train.plan import RunPlan
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.time_left import TimeLeft


@pytest.fixture
def left(tiny_config):
    """Builds an estimate for a run of four epochs of 5 steps that evaluates after every second epoch."""
    base = ("scheduler.num_epochs=4", "system.val_start_epoch=2", "system.val_interval=2")
    return lambda *overrides: TimeLeft(RunPlan(tiny_config(*base, *overrides), np.full(20, 0.1), 5))


def go(estimate, numbers, gaps, first=100.0, others=2.0):
    """Make steps: ``first`` seconds for the first, ``others`` for the rest; ``gaps``: epoch -> seconds after it."""
    now = 0.0
    for number in numbers:
        event = run_events.step(number, seconds=first if number == numbers[0] else others)
        if event.at.batch == 1 and number != numbers[0]:
            now += gaps[event.at.epoch - 1]
        now += event.seconds
        estimate.add(event, now)
    return event.at


def test_steps_and_evaluations_of_all_remaining_epochs_count_and_the_compilation_does_not(left):
    estimate = left()
    assert estimate.text(go(estimate, [1], {})) == "time left not known yet"
    estimate = left()
    at = go(estimate, range(1, 4), {})
    # 17 steps of 2 s; nothing is known about evaluations
    assert estimate.seconds(at) == (34.0, False)
    assert estimate.text(at, datetime(2026, 11, 29, 10, 0)) == (
        "34 s left (ends 2026-11-29 10:00; evaluations not included)"
    )
    estimate = left()
    at = go(estimate, range(1, 13), {1: 3.0, 2: 60.0})
    # 8 steps of 2 s, 3 s after epoch 3, an evaluation of 60 s after epoch 4
    assert estimate.seconds(at) == (8 * 2.0 + 3.0 + 60.0, True)
    assert estimate.text(at, datetime(2026, 11, 29, 23, 59)) == "1 min 19 s left (ends 2026-11-30 00:00)"


def test_a_resumed_run_is_measured_from_where_it_continues(left):
    estimate = left()
    at = go(estimate, range(13, 17), {3: 7.0})
    # the gap after epoch 3 is known, no later epoch has one like it, and the evaluation after epoch 4 is unknown
    assert estimate.seconds(at) == (4 * 2.0, False)


def test_the_first_of_several_evaluations_compiles_and_is_left_out(left):
    estimate = left("system.val_start_epoch=1", "system.val_interval=1")
    at = go(estimate, range(1, 17), {1: 90.0, 2: 10.0, 3: 20.0})
    assert estimate.seconds(at) == (4 * 2.0 + 15.0, True)


def test_a_run_without_evaluations_is_complete(left):
    estimate = left("system.val_while_train=False")
    at = go(estimate, range(1, 8), {1: 1.0})
    assert estimate.seconds(at) == (13 * 2.0 + 3 * 1.0, True)
    assert estimate.seconds(Progress(epoch=4, batch=5, steps=20, updates=20)) == (1.0, True)
