"""Numbers of one epoch."""

import time

import numpy as np
import pytest

from mindocr.engine.train.meter import Meter


def test_the_meter_averages_and_times_the_waiting():
    def slow():
        for _ in range(2):
            time.sleep(0.05)
            yield 1

    meter = Meter(["bce"])
    for _ in meter.timed(slow()):
        time.sleep(0.05)
        meter.add(3.0, np.array([2.0]), images=4)
        assert 0.1 <= meter.step_seconds < 0.5 and 0.05 <= meter.step_waited < 0.25
    meter.add(6.0, np.array([5.0]), images=4)
    assert meter.step_seconds < 0.04 and meter.step_waited == 0
    summary = meter.row()
    assert (summary["loss"], summary["bce"]) == (4.0, 3.0)
    assert summary["wait_share"] == pytest.approx(0.5, abs=0.15)
    assert summary["images_per_s"] == pytest.approx(12 / summary["seconds"])


def test_a_meter_goes_on_from_what_was_saved():
    first, second = Meter(["bce"]), Meter(["bce"])
    first.add(3.0, np.array([2.0]), images=4)
    second.restore(first.as_dict())
    second.add(6.0, np.array([5.0]), images=4)
    assert (second.row()["loss"], second.row()["bce"]) == (4.5, 3.5)
