"""Numbers of the steps between two lines of the log."""

import re

import pytest
import run_events

from mindocr.engine.train.interval import Interval, decimal


def test_a_line_holds_the_means_since_the_last_one():
    interval = Interval(run_events.TERMS)
    lines = []
    for losses in ((1.0, 3.0), (8.0,)):
        for number, loss in enumerate(losses, 1):
            interval.add(event := run_events.step(number, loss, seconds=0.25, waited=0.2))
        lines.append(interval.line(event, 7, 5, "memory 1.0 GB", "9 s left"))
    assert lines == [
        "epoch 1/7, step 2/5: loss 2.000 (bce 1.500, l1 0.500), lr 1.00e-01, 8.0 img/s, waiting 80 %, memory 1.0 GB, "
        "9 s left",
        "epoch 1/7, step 1/5: loss 8.000 (bce 6.000, l1 2.000), lr 1.00e-01, 8.0 img/s, waiting 80 %, memory 1.0 GB, "
        "9 s left",
    ]


def test_forgotten_times_leave_the_losses():
    interval = Interval((), ranks=2)
    interval.add(run_events.step(1, 1.0, seconds=100.0, waited=90.0))
    interval.forget_times()
    interval.add(event := run_events.step(2, 2.0, seconds=1.0, waited=0.0))
    line = interval.line(event, 1, 5, "m", "l")
    assert line == "epoch 1/1, step 2/5: loss 1.500, lr 1.00e-01, 4.0 img/s (2 ranks), waiting 0 %, m, l"


@pytest.mark.parametrize(
    ("value", "text"), [(2.4129, "2.413"), (0.01, "0.010"), (0.00512, "5.12e-03"), (0.0, "0.000"), (1234.5, "1234.500")]
)
def test_small_losses_keep_their_digits(value, text):
    assert decimal(value) == text
    assert re.fullmatch(r"nan|inf", decimal(float("nan")))
