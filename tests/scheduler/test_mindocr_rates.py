"""Rates against MindOCR's, which ``make_mindocr_rates.py`` has stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mindocr.config.schema import Scheduler
from mindocr.scheduler import SCHEDULES, build_schedule

STORED = json.loads((Path(__file__).parent / "golden/mindocr_rates.json").read_text(encoding="utf-8"))

# Settings that MindOCR ignores and we do not: the lowest rate, except of a cosine, and the length of a polynomial.
DIFFERENT = ("polynomial, min_lr", "polynomial, decay_epochs", "exponential, min_lr", "step, min_lr",
             "multi-step, min_lr")  # fmt: skip
NAMES = {True: [], False: []}
for _name in STORED["sections"]:
    NAMES[_name.removesuffix(", in stairs") in DIFFERENT].append(_name)


def rates_of(name):
    section = Scheduler.model_validate(STORED["sections"][name])
    return build_schedule(section, STORED["steps_per_epoch"]), np.array(STORED["rates"][name])


@pytest.mark.parametrize("name", NAMES[False])
def test_rates_are_those_of_mindocr(name):
    ours, theirs = rates_of(name)
    np.testing.assert_allclose(ours, theirs, rtol=3e-7, atol=1e-9)


@pytest.mark.parametrize("name", NAMES[True])
def test_rates_that_differ_are_equal_without_the_setting_that_mindocr_ignores(name):
    ours, theirs = rates_of(name)
    assert abs(ours - theirs).max() > 1e-3
    section = {k: v for k, v in STORED["sections"][name].items() if k != "min_lr"}
    if section["scheduler"] == "polynomial_decay":
        del section["decay_epochs"]
    ours = build_schedule(Scheduler.model_validate(section), STORED["steps_per_epoch"])
    np.testing.assert_allclose(ours, theirs, rtol=3e-7, atol=1e-9)


def test_every_schedule_is_compared():
    assert {section["scheduler"] for section in STORED["sections"].values()} == set(SCHEDULES)
