"""performance.csv."""

import csv
import errno

import pytest
import run_events

from mindocr.engine.train.loggers.csv import CSV_NAME, CsvLogger, read_rows
from mindocr.engine.train.save_policy import SavePolicy
from mindocr.errors import DataError, StorageError


def begin(folder, *, resumed=False, on_error="continue"):
    logger = CsvLogger(folder, SavePolicy(on_error))
    logger.on_start(run_events.start(resumed))
    return logger


def lines(folder):
    with (folder / CSV_NAME).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_an_epoch_is_a_line_and_new_columns_may_come_later(tmp_path):
    logger = begin(tmp_path)
    logger.on_epoch(run_events.epoch(1))
    logger.on_epoch(run_events.epoch(2, {"hmean": 0.5, "counts": {"images": 5}}))
    table = lines(tmp_path)
    assert [line["epoch"] for line in table] == ["1", "2"]
    assert [line["hmean"] for line in table] == ["", "0.5"]
    assert list(table[0])[:4] == ["epoch", "step", "lr", "loss"] and "counts" not in table[0]
    assert [path.name for path in tmp_path.iterdir()] == [CSV_NAME]


def test_a_resumed_run_goes_on_with_its_table_and_repeats_no_line(tmp_path):
    for number in (1, 2):
        begin(tmp_path, resumed=True).on_epoch(run_events.epoch(number))
    begin(tmp_path, resumed=True).on_epoch(run_events.epoch(2, loss=9.0))
    assert [(line["epoch"], line["loss"]) for line in lines(tmp_path)] == [("1", "1.0"), ("2", "9.0")]
    begin(tmp_path).on_epoch(run_events.epoch(1))
    assert [line["epoch"] for line in lines(tmp_path)] == ["1"]


def test_rows_come_back_as_numbers(tmp_path):
    (tmp_path / CSV_NAME).write_text("epoch,loss,hmean\n1,0.5,\n2,nan,1e-3\n", encoding="utf-8")
    first, second = read_rows(tmp_path)
    assert first == {"epoch": 1, "loss": 0.5, "hmean": None}
    assert second["loss"] != second["loss"] and second["hmean"] == 0.001
    assert read_rows(tmp_path / "empty") == []


@pytest.mark.parametrize("text", ["loss\n0.5\n", "epoch,loss\n1,high\n", "epoch,loss\n1,2,3\n", "epoch,loss\nx\n"])
def test_a_table_that_cannot_be_read_is_not_written_over(tmp_path, text):
    (tmp_path / CSV_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="performance.csv: not a table of epochs .*move it away"):
        begin(tmp_path, resumed=True)
    assert (tmp_path / CSV_NAME).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("on_error", ["continue", "stop"])
def test_a_full_disk_is_left_to_the_policy_and_no_line_is_lost(tmp_path, monkeypatch, on_error):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    logger = begin(tmp_path, on_error=on_error)
    with monkeypatch.context() as patch:
        patch.setattr(csv.DictWriter, "writerows", full)
        if on_error == "stop":
            with pytest.raises(StorageError, match="cannot write performance.csv: No space left on device"):
                logger.on_epoch(run_events.epoch(1))
        else:
            logger.on_epoch(run_events.epoch(1))
            assert list(logger.saving.unsaved) == [CSV_NAME]
    assert list(tmp_path.iterdir()) == []
    logger.on_epoch(run_events.epoch(2))
    assert [line["epoch"] for line in lines(tmp_path)] == ["1", "2"]
    assert logger.saving.unsaved == {}
