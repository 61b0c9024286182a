"""TensorBoard event files."""

import sys

import pytest
import run_events

from mindocr.engine.train.loggers.tensorboard import TensorBoardLogger
from mindocr.errors import ConfigError


def test_without_its_library_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ConfigError, match="tensorboard needs tensorboardX; run 'pip install tensorboardX'"):
        TensorBoardLogger(tmp_path)


def test_event_files_hold_the_scalars(tmp_path):
    logger = TensorBoardLogger(tmp_path)
    logger.on_start(run_events.start())
    logger.on_epoch(run_events.epoch(1, {"hmean": 0.5}))
    logger.on_end(run_events.end(tmp_path))
    (events,) = (tmp_path / "tensorboard").iterdir()
    content = events.read_bytes()
    assert all(name in content for name in (b"wait_share", b"hmean", b"bce"))


def test_a_run_that_ended_before_its_start_is_closed_too(tmp_path):
    TensorBoardLogger(tmp_path).on_end(run_events.end(tmp_path, error=OSError()))
    assert list(tmp_path.iterdir()) == []
