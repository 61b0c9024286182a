"""Durations that do not fit into a short run."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.scheduler import SCHEDULES, build_schedule, shorten


def section(**changes):
    """A scheduler section: twelve epochs, no warm-up."""
    defaults = {
        "scheduler": "polynomial_decay", "lr": 0.1, "min_lr": 0.0, "num_epochs": 12, "warmup_epochs": 0,
        "decay_epochs": None, "decay_rate": 1.0, "milestones": [], "warmup_factor": 0.0, "lr_epoch_stair": False,
        "num_cycles": 1, "cycle_decay": 1.0,
    }  # fmt: skip
    return SimpleNamespace(**{**defaults, **changes})


def notes(**changes):
    return [f"{key}: {text}" for key, text in shorten(section(**changes)).notes]


def test_a_warmup_that_leaves_no_epoch_takes_a_third_of_the_run():
    # 2 epochs of 6 batches: 4 updates of warm-up, then linearly to 0 over 8
    rates = build_schedule(section(num_epochs=2, warmup_epochs=3), steps_per_epoch=6)
    expected = [0, 0.025, 0.05, 0.075, *(0.1 * (1 - i / 8) for i in range(8))]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
    assert notes(num_epochs=2, warmup_epochs=3) == [
        "scheduler.warmup_epochs: 3 epochs of warm-up do not fit into a run of 2 epochs; the warm-up takes a third of "
        "the run, 0.6667 epoch"
    ]
    assert shorten(section(num_epochs=3, warmup_epochs=3)).warmup_epochs == 1
    assert "a run of 1 epoch;" in notes(num_epochs=1, warmup_epochs=2.5)[0]


def test_a_curve_that_is_longer_than_the_run_ends_with_it():
    # the recipe of DBNet on eight cards, for a trial of 6 epochs: 3 of warm-up stay, 3 are left for the curve
    trial = section(scheduler="warmup_cosine_decay", num_epochs=6, warmup_epochs=3, decay_epochs=1150)
    rates = build_schedule(trial, steps_per_epoch=2)
    expected = [0.1 * i / 6 for i in range(6)] + [0.05 * (1 + np.cos(np.pi * i / 6)) for i in range(6)]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
    assert [text for _, text in shorten(trial).notes] == [
        "the curve of 1150 epochs is longer than the run of 6 epochs; it ends with the run, after 3 epochs"
    ]


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"scheduler": "step_decay", "decay_epochs": 12},
         "scheduler.decay_epochs: the run of 12 epochs ends before the learning rate falls, 12 epochs after the "
         "warm-up"),
        ({"scheduler": "multi_step_decay", "milestones": [6, 12, 400]},
         "scheduler.milestones: 12, 400: not reached in a run of 12 epochs"),
    ],
)  # fmt: skip
def test_steps_after_the_end_are_noted_and_change_nothing(changes, note):
    assert notes(**changes) == [note]
    kept = shorten(section(**changes))
    assert (kept.decay_epochs, list(kept.milestones)) == (changes.get("decay_epochs"), changes.get("milestones", []))


@given(
    name=st.sampled_from(sorted(SCHEDULES)), epochs=st.integers(1, 30), warmup=st.floats(0, 40),
    decay=st.none() | st.floats(0.1, 40), steps=st.integers(1, 9),
)  # fmt: skip
def test_any_durations_give_a_schedule_and_those_that_fit_stay(name, epochs, warmup, decay, steps):
    if decay is None and name == "step_decay":
        decay = 3.0
    durations = section(
        scheduler=name, num_epochs=epochs, warmup_epochs=warmup, decay_epochs=decay, milestones=[1, 3], decay_rate=0.5
    )  # fmt: skip
    fitted = shorten(durations)
    assert 0 <= fitted.warmup_epochs < epochs
    if warmup < epochs:
        assert fitted.warmup_epochs == warmup
    if warmup < epochs and decay is not None and warmup + decay <= epochs:
        assert fitted.decay_epochs == decay
    rates = build_schedule(durations, steps)
    assert rates.shape == (epochs * steps,) and np.isfinite(rates).all() and rates.max() <= np.float32(0.1)


def test_a_curve_as_long_as_the_run_ends_unfinished_after_a_warmup():
    # MindSpore's CTPN: the cosine is as long as the run, and the run has a warm-up before it
    unfinished = section(scheduler="warmup_cosine_decay", num_epochs=4, warmup_epochs=1, decay_epochs=4)
    rates = build_schedule(unfinished, steps_per_epoch=2)
    expected = [0, 0.05, *(0.05 * (1 + np.cos(np.pi * i / 8)) for i in range(6))]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
    assert rates[-1] > 0.03 and not shorten(unfinished).notes
