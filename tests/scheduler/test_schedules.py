"""Schedules against hand-computed values."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from mindocr.errors import ConfigError
from mindocr.scheduler import SCHEDULES, build_schedule


def section(**changes):
    """A scheduler section with its defaults: ten epochs, no warm-up."""
    defaults = {
        "scheduler": "constant",
        "lr": 0.1,
        "min_lr": 0.0,
        "num_epochs": 10,
        "warmup_epochs": 0,
        "decay_epochs": None,
        "decay_rate": 0.9,
        "milestones": [],
        "warmup_factor": 0.0,
        "lr_epoch_stair": False,
        "num_cycles": 1,
        "cycle_decay": 1.0,
    }
    return SimpleNamespace(**{**defaults, **changes})


def test_constant_with_warmup_from_zero():
    rates = build_schedule(section(num_epochs=3, warmup_epochs=1), steps_per_epoch=4)
    np.testing.assert_allclose(rates, [0, 0.025, 0.05, 0.075] + [0.1] * 8, rtol=1e-6)
    assert rates.dtype == np.float32


def test_polynomial_of_the_reference_recipe():
    # db_r50_icdar15: 1000 images in batches of 10, 1200 epochs, 3 of them warm-up, power 0.9.
    recipe = section(scheduler="polynomial_decay", lr=0.007, num_epochs=1200, warmup_epochs=3)
    rates = build_schedule(recipe, steps_per_epoch=100)
    assert rates.shape == (120_000,)
    assert rates[0] == 0
    assert rates[150] == pytest.approx(0.0035)
    assert rates[300] == pytest.approx(0.007)
    middle = 300 + 1197 * 100 // 2
    assert rates[middle] == pytest.approx(0.007 * 0.5**0.9)
    assert rates[-1] == pytest.approx(0.007 * (1 / (1197 * 100)) ** 0.9, rel=1e-4)
    assert np.all(np.diff(rates[300:]) < 0)


def test_polynomial_ends_at_min_lr_and_stays():
    recipe = section(scheduler="polynomial_decay", min_lr=0.02, decay_epochs=2, decay_rate=2.0, num_epochs=4)
    rates = build_schedule(recipe, steps_per_epoch=2)
    np.testing.assert_allclose(rates, [0.02 + 0.08 * (1 - i / 4) ** 2 for i in range(4)] + [0.02] * 4, rtol=1e-6)


@pytest.mark.parametrize("name", ["cosine_decay", "warmup_cosine_decay", "Warmup_Cosine_Decay"])
def test_cosine_of_a_recipe_with_eight_cards(name):
    # db_r50_icdar15_8p: 1150 epochs of decay after 3 of warm-up, then 47 at min_lr.
    recipe = section(scheduler=name, lr=1e-3, min_lr=1e-5, num_epochs=1200, warmup_epochs=3, decay_epochs=1150)
    rates = build_schedule(recipe, steps_per_epoch=12)
    assert rates[18] == pytest.approx(5e-4)
    assert rates[36] == pytest.approx(1e-3)
    assert rates[36 + 575 * 12] == pytest.approx((1e-3 + 1e-5) / 2)
    assert rates[36 + 230 * 12] == pytest.approx(1e-5 + 0.99e-3 * (1 + math.cos(math.pi / 5)) / 2)
    np.testing.assert_allclose(rates[1153 * 12 :], 1e-5, rtol=1e-6)


def test_step_decay_changes_between_epochs_only():
    recipe = section(
        scheduler="step_decay", decay_epochs=2, decay_rate=0.1, num_epochs=6, warmup_epochs=1, min_lr=0.002
    )
    rates = build_schedule(recipe, steps_per_epoch=2)
    expected = [0, 0.05] + [0.1] * 4 + [0.01] * 4 + [0.002] * 2
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


@pytest.mark.parametrize(("decay_rate", "last"), [(0.5, 0.025), ([0.5, 0.1], 0.005), ([0.5], 0.025)])
def test_multi_step_decay_counts_epochs_after_the_warmup(decay_rate, last):
    recipe = section(
        scheduler="multi_step_decay", milestones=[1, 3], decay_rate=decay_rate, num_epochs=5, warmup_epochs=1
    )
    rates = build_schedule(recipe, steps_per_epoch=3)
    np.testing.assert_allclose(rates, [0, 0.1 / 3, 0.2 / 3] + [0.1] * 3 + [0.05] * 6 + [last] * 3, rtol=1e-6)


@pytest.mark.parametrize("steps", [3, 7, 49, 101])
def test_staircases_fall_exactly_at_the_first_step_of_an_epoch(steps):
    recipe = section(scheduler="step_decay", decay_epochs=1, decay_rate=0.5, num_epochs=6, warmup_epochs=1)
    rates = build_schedule(recipe, steps_per_epoch=steps)
    np.testing.assert_allclose(rates[steps:], np.repeat(0.1 * 0.5 ** np.arange(5), steps), rtol=1e-6)


def test_warmup_from_a_share_of_the_rate_and_in_stairs():
    rates = build_schedule(section(num_epochs=3, warmup_epochs=2, warmup_factor=0.2), steps_per_epoch=2)
    np.testing.assert_allclose(rates, [0.02, 0.04, 0.06, 0.08, 0.1, 0.1], rtol=1e-6)
    recipe = section(num_epochs=3, warmup_epochs=2, warmup_factor=0.2, lr_epoch_stair=True)
    np.testing.assert_allclose(build_schedule(recipe, steps_per_epoch=2), [0.02, 0.02, 0.06, 0.06, 0.1, 0.1], rtol=1e-6)


def test_cosine_in_cycles_fills_the_epochs_if_their_length_is_open():
    recipe = section(scheduler="cosine_decay", num_epochs=5, warmup_epochs=1, num_cycles=2, cycle_decay=0.5)
    rates = build_schedule(recipe, steps_per_epoch=1)
    np.testing.assert_allclose(rates, [0, 0.1, 0.05, 0.05, 0.025], rtol=1e-6)


def test_exponential_decay_per_step():
    rates = build_schedule(section(scheduler="exponential_decay", decay_rate=0.81, num_epochs=2), steps_per_epoch=2)
    np.testing.assert_allclose(rates, [0.1, 0.09, 0.081, 0.0729], rtol=1e-6)


def test_accumulation_takes_every_other_rate():
    recipe = section(scheduler="polynomial_decay", num_epochs=3, warmup_epochs=1)
    every = build_schedule(recipe, steps_per_epoch=5)
    np.testing.assert_array_equal(build_schedule(recipe, steps_per_epoch=5, accumulation=2), every[::2])


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_rates_are_finite_bounded_and_continuous_after_the_warmup(name):
    recipe = section(scheduler=name, warmup_epochs=2, min_lr=1e-3, decay_epochs=3, decay_rate=0.3, milestones=[4, 6])
    rates = build_schedule(recipe, steps_per_epoch=7)
    assert rates.shape == (70,)
    assert np.isfinite(rates).all()
    assert rates[14] == rates.max() == np.float32(0.1)
    assert rates[14:].min() >= np.float32(1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scheduler": "polynomal_decay"}, r"unknown schedule 'polynomal_decay' \(did you mean 'polynomial_decay'\?\)"),
        ({"lr": -0.1}, "scheduler.lr: expected a number of at least 0, got -0.1"),
        ({"lr": float("nan")}, "scheduler.lr: .* got nan"),
        ({"min_lr": 0.2}, r"scheduler.min_lr: expected a number from 0 to lr \(0.1\), got 0.2"),
        ({"num_epochs": 0}, "scheduler.num_epochs: expected at least 1, got 0"),
        ({"warmup_epochs": -1}, "scheduler.warmup_epochs: expected at least 0, got -1"),
        ({"scheduler": "step_decay"}, "step_decay needs the number of epochs between two steps"),
        ({"decay_epochs": 0}, "scheduler.decay_epochs: expected a number above 0, got 0"),
        ({"scheduler": "exponential_decay", "decay_rate": None}, "exponential_decay needs a number above 0, got None"),
        ({"scheduler": "polynomial_decay", "decay_rate": [0.5, 0.9]}, r"polynomial_decay takes one number, got \[0.5"),
        ({"warmup_factor": 1.5}, "scheduler.warmup_factor: expected a number from 0 to 1, got 1.5"),
        ({"num_cycles": 2}, "scheduler.num_cycles: constant has no cycles"),
        ({"scheduler": "cosine_decay", "num_cycles": 0}, "scheduler.num_cycles: expected at least 1, got 0"),
        ({"scheduler": "cosine_decay", "cycle_decay": 0}, "scheduler.cycle_decay: expected a number above 0, up to 1"),
        (
            {"scheduler": "cosine_decay", "num_cycles": 3, "cycle_decay": 0.1, "min_lr": 0.01},
            "scheduler.cycle_decay: cycle 3 would start below min_lr 0.01; lower min_lr or num_cycles",
        ),
        ({"scheduler": "multi_step_decay"}, "multi_step_decay needs at least one epoch"),
        ({"scheduler": "multi_step_decay", "milestones": [4, 2]}, r"expected increasing epochs above 0, got \[4, 2\]"),
        (
            {"scheduler": "multi_step_decay", "milestones": [2, 4, 6], "decay_rate": [0.5, 0.1]},
            "2 rates for 3 milestones; give one each",
        ),
    ],
)
def test_bad_sections_are_explained(changes, message):
    with pytest.raises(ConfigError, match=message):
        build_schedule(section(**changes), steps_per_epoch=10)


def test_all_problems_come_at_once():
    with pytest.raises(ConfigError, match="scheduler.lr: .*; scheduler.warmup_epochs: .*; .* has 0 batches"):
        build_schedule(section(lr=-1.0, warmup_epochs=-1), steps_per_epoch=0)


def test_accumulation_below_one_is_refused():
    with pytest.raises(ConfigError, match="gradient_accumulation_steps: expected at least 1, got 0"):
        build_schedule(section(), steps_per_epoch=10, accumulation=0)
