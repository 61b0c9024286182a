"""When a run evaluates, saves and ends."""

from itertools import product

import numpy as np
import pytest

from mindocr.engine.train.plan import RunPlan
from mindocr.engine.train.progress import Progress

RATES = np.array([0.1, 0.2, 0.3])


@pytest.fixture
def plan(tiny_config):
    """Builds a plan of epochs of 5 steps."""
    return lambda *overrides: RunPlan(tiny_config(*overrides), RATES, 5)


def test_evaluations_follow_start_and_interval_and_the_last_epoch(plan):
    some = plan("scheduler.num_epochs=9", "system.val_start_epoch=2", "system.val_interval=3")
    assert [epoch for epoch in range(1, 10) if some.evaluates(Progress(epoch=epoch))] == [2, 5, 8, 9]
    none = plan("scheduler.num_epochs=9", "system.val_while_train=False")
    assert not any(none.evaluates(Progress(epoch=epoch)) for epoch in range(1, 10))


def test_max_steps_counts_updates_and_ends_epoch_and_run(plan):
    limited = plan("scheduler.num_epochs=9", "train.max_steps=3")
    before, there = Progress(batch=4, steps=4, updates=2), Progress(batch=3, steps=3, updates=3)
    assert [limited.ends_epoch(before), limited.is_last(before), limited.evaluates(before)] == [False, False, True]
    assert [limited.ends_epoch(there), limited.is_last(there), limited.evaluates(there)] == [True, True, True]
    assert plan().ends_epoch(Progress(batch=5))


def test_epochs_to_go(plan):
    assert list(plan("scheduler.num_epochs=3").epochs_to_go(Progress())) == [1, 2, 3]
    assert list(plan("scheduler.num_epochs=3").epochs_to_go(Progress(epoch=2, batch=2))) == [2, 3]
    assert list(plan("scheduler.num_epochs=3").epochs_to_go(Progress(epoch=2, batch=5, closed=True))) == [3]
    limited = plan("scheduler.num_epochs=3", "train.max_steps=7")
    assert list(limited.epochs_to_go(Progress(epoch=2, batch=2, steps=7, updates=7, closed=True))) == []
    at, epochs = Progress(), []
    for epoch in limited.epochs_to_go(at):
        epochs.append(epoch)
        at.updates += 5
    assert epochs == [1, 2]


def test_the_rate_is_that_of_the_next_update_and_stays_at_the_last(plan):
    assert [plan().lr(Progress(updates=n)) for n in (0, 1, 2, 3, 9)] == [0.1, 0.2, 0.3, 0.3, 0.3]


def test_states_within_an_epoch_are_saved_where_an_interval_is_set(plan):
    every = plan("train.save_interval_steps=2")
    assert [n for n in range(1, 6) if every.saves_state(Progress(steps=n))] == [2, 4]
    assert not any(plan().saves_state(Progress(steps=n)) for n in range(1, 6))


def test_what_is_left_to_do_is_what_a_run_then_does(plan):
    some = plan("scheduler.num_epochs=6")
    system, train = some.system, some.train
    for start, interval, limit, accumulation in product((1, 2, 4, 500), (1, 2, 3), (None, 1, 7, 8, 17, 1000), (1, 3)):
        some.system = system.model_copy(update={"val_start_epoch": start, "val_interval": interval})
        some.train = train.model_copy(update={"max_steps": limit, "gradient_accumulation_steps": accumulation})
        at, points, ends = Progress(), [], []
        for epoch in some.epochs_to_go(at):
            at.begin_epoch(epoch)
            while not some.ends_epoch(at):
                at.batch, at.steps = at.batch + 1, at.steps + 1
                at.updates += at.steps % accumulation == 0
                points.append(at.copy())
            ends.append((epoch, some.evaluates(at)))
        for point in points:
            evaluated = [due for epoch, due in ends if epoch >= point.epoch]
            assert some.to_go(point) == (at.steps - point.steps, sum(evaluated), len(evaluated) - sum(evaluated))
