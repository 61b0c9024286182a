"""The progress bar and the lines of the log."""

import logging
from types import SimpleNamespace

import pytest
import run_events

from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train import run_log
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.run_log import RunLog


@pytest.fixture
def heard(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)
    caplog.set_level(logging.INFO, logger="mindocr")
    return caplog


@pytest.fixture
def bars(monkeypatch):
    """The progress bars that were opened, with what was done to them."""
    opened = []

    class Bar:
        def __init__(self, **options):
            self.options, self.steps, self.shown, self.closed = options, 0, [], False
            opened.append(self)

        def update(self):
            self.steps += 1

        def set_postfix_str(self, text, refresh):
            self.shown.append(text)

        def close(self):
            self.closed = True

    monkeypatch.setattr(run_log, "tqdm", Bar)
    return opened


@pytest.fixture
def log(tiny_config):
    class Loader(SimpleNamespace):
        def __len__(self):
            return 5

    config = tiny_config("system.log_interval=2")
    return RunLog(config, Runtime("CPU"), Loader(dataset=range(10)), ["performance.csv", "curves.png"])


def test_each_epoch_has_a_bar_with_the_means_of_every_second_step_and_of_the_last(log, bars):
    log.on_start(run_events.start())
    for number in (1, 2, 3, 4, 5):
        log.on_step_begin(Progress(batch=number - 1, steps=number - 1))
        log.on_step(run_events.step(number, loss=float(number)))
    (bar,) = bars
    assert (bar.options["total"], bar.options["initial"], bar.options["desc"]) == (5, 0, "epoch 1/2")
    assert (bar.steps, bar.closed) == (5, True)
    assert bar.shown[0] == "loss 2.000, bce 1.500, l1 0.500, lr 1.00e-01, 8.0 img/s, wait 50%"
    assert [text.split(",")[0] for text in bar.shown] == ["loss 2.000", "loss 4.000", "loss 5.000"]


def test_a_resumed_epoch_begins_its_bar_where_it_goes_on_and_the_end_closes_it(log, bars, tmp_path):
    log.on_start(run_events.start(resumed=True))
    log.on_step_begin(Progress(epoch=2, batch=3, steps=8))
    log.on_end(run_events.end(tmp_path, error=KeyboardInterrupt()))
    (bar,) = bars
    assert (bar.options["initial"], bar.options["desc"], bar.closed) == (3, "epoch 2/2", True)


def test_the_last_line_names_the_best_score_and_the_files(log, heard, tmp_path):
    log.on_start(run_events.start())
    heard.clear()
    log.on_end(run_events.end(tmp_path, error=ValueError("broken")))
    assert heard.messages == []
    log.on_end(run_events.end(tmp_path, best=0.5, best_epoch=2, skipped=["a.jpg: broken"]))
    folder = log.config.train.ckpt_save_dir
    assert heard.messages == [
        "1 images were skipped:\n  a.jpg: broken",
        "done: 10 steps in 3 s, best hmean 0.5000 (epoch 2); checkpoints, performance.csv and curves.png are in "
        f"{folder}",
    ]
    log.files = ()
    log.on_end(run_events.end(tmp_path))
    assert heard.messages[-1] == f"done: 10 steps in 3 s; checkpoints are in {folder}"
