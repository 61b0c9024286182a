"""Meter, CSV, curves."""

import csv
import time

import numpy as np
import pytest

from mindocr.engine.train import run_log
from mindocr.engine.train.run_log import Meter, Reporter
from mindocr.errors import ConfigError


def row(epoch, **more):
    return {"epoch": epoch, "step": 10 * epoch, "lr": 0.1, "loss": 1.0 / epoch, "bce": 0.5, "wait_share": 0.25, **more}


def read(folder):
    with (folder / run_log.CSV_NAME).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_meter_averages_and_times_the_waiting():
    def slow():
        for _ in range(2):
            time.sleep(0.05)
            yield 1

    meter = Meter(["bce"])
    for _ in meter.timed(slow()):
        time.sleep(0.05)
        meter.add(3.0, np.array([2.0]), images=4)
    meter.add(6.0, np.array([5.0]), images=4)
    summary = meter.row()
    assert (summary["loss"], summary["bce"]) == (4.0, 3.0)
    assert summary["wait_share"] == pytest.approx(0.5, abs=0.15)
    assert summary["images_per_s"] == pytest.approx(12 / summary["seconds"])


def test_an_epoch_is_a_csv_line_and_new_columns_may_come_later(tmp_path):
    reporter = Reporter(tmp_path)
    reporter.add_epoch(row(1))
    reporter.add_epoch(row(2, recall=0.5))
    lines = read(tmp_path)
    assert [line["epoch"] for line in lines] == ["1", "2"]
    assert (lines[0]["recall"], lines[1]["recall"]) == ("", "0.5")


def test_a_resumed_run_goes_on_with_its_table(tmp_path):
    for epoch in (1, 2, 3):
        Reporter(tmp_path, resume=True).add_epoch(row(epoch))
    Reporter(tmp_path, resume=True).add_epoch(row(3, loss=9.0))
    assert [float(line["epoch"]) for line in read(tmp_path)] == [1, 2, 3]
    assert read(tmp_path)[-1]["loss"] == "9.0"
    Reporter(tmp_path).add_epoch(row(1))
    assert len(read(tmp_path)) == 1


def test_curves_are_a_picture(tmp_path):
    reporter = Reporter(tmp_path)
    reporter.add_epoch(row(1, recall=0.1))
    reporter.close()
    assert (tmp_path / run_log.CURVES_NAME).read_bytes()[:4] == b"\x89PNG"
    assert sorted(p.name for p in tmp_path.iterdir()) == [run_log.CURVES_NAME, run_log.CSV_NAME]


def test_tensorboard_without_its_library_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboardX", None)
    with pytest.raises(ConfigError, match="train.tensorboard: True needs tensorboardX; run 'pip install tensorboardX'"):
        Reporter(tmp_path, tensorboard=True)


def test_tensorboard_files_hold_the_scalars(tmp_path):
    reporter = Reporter(tmp_path, tensorboard=True)
    reporter.add_epoch(row(1))
    reporter.close()
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert b"wait_share" in events.read_bytes()
