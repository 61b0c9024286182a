"""The lines of the log, and the progress bar."""

import logging
import re
from types import SimpleNamespace

import numpy as np
import pytest
import run_events

from mindocr.data.loading.sampler import DistributedSampler
from mindocr.engine.runtime.process import ALONE, Runtime
from mindocr.engine.train import run_log
from mindocr.engine.train.next_commands import NextCommands
from mindocr.engine.train.plan import RunPlan
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.run_log import RunLog
from mindocr.utils.logs import start_logging

FIELDS = (
    r"epoch \d+/\d+, step \d+/\d+: loss [\d.]+ \(bce [\d.]+, l1 [\d.]+\), lr \d\.\d\de[+-]\d\d, [\d.]+ img/s, "
    r"waiting \d+ %, memory \d+\.\d GB, (\d+ (d|h|min|s) ?)+left \(ends \d{4}-\d\d-\d\d \d\d:\d\d.*\)"
)


@pytest.fixture
def heard(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)
    caplog.set_level(logging.INFO, logger="mindocr")
    return caplog


@pytest.fixture
def bars(monkeypatch):
    """The progress bars that were opened on a terminal, with what was done to them."""
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
    monkeypatch.setattr(run_log, "on_terminal", lambda: True)
    return opened


@pytest.fixture
def make_log(tiny_config):
    class Loader(SimpleNamespace):
        def __len__(self):
            return 5

    def make(*overrides, place=ALONE):
        config = tiny_config("system.log_interval=2", *overrides)
        plan = RunPlan(config, np.full(10, 0.1), 5)
        files = ["performance.csv", "curves.png"]
        loader = Loader(dataset=range(10), sampler=DistributedSampler(range(10)))
        return RunLog(config, place, loader, plan, NextCommands(config, ranks=place.world), files)

    return make


def run_steps(log, numbers=(1, 2, 3, 4, 5)):
    for number in numbers:
        log.on_step_begin(Progress(batch=number - 1, steps=number - 1))
        log.on_step(run_events.step(number, loss=float(number)))


def losses(heard):
    return [line for line in heard.messages if ": loss " in line]


def test_every_second_step_and_the_last_of_an_epoch_have_a_line(make_log, heard):
    log = make_log()
    log.on_start(run_events.start())
    run_steps(log)
    lines = losses(heard)
    assert [re.match(r"epoch 1/2, step (\d)/5: loss ([\d.]+) ", line).groups() for line in lines] == [
        ("2", "1.500"), ("4", "3.500"), ("5", "5.000"),
    ]  # fmt: skip
    assert all(re.fullmatch(FIELDS, line) for line in lines), lines
    # two images in half a second, a tenth of it waiting; the first step is not part of the speed
    assert lines[0].startswith("epoch 1/2, step 2/5: loss 1.500 (bce 1.125, l1 0.375), lr 1.00e-01, 4.0 img/s, waiting")
    assert all(", waiting 20 %, " in line for line in lines)
    assert heard.messages.index("the first step took 0 s, compilation included") < heard.messages.index(lines[0])


def test_other_ranks_log_no_loss_and_rank_0_counts_the_images_of_all(make_log, heard):
    for rank in (0, 1):
        log = make_log(place=Runtime("CPU", rank, 4))
        log.on_start(run_events.start())
        run_steps(log)
        assert len(losses(heard)) == (3 if rank == 0 else 0)
        if rank == 0:
            assert all(", 16.0 img/s (4 ranks), " in line for line in losses(heard))
        heard.clear()


def test_an_epoch_shorter_than_the_interval_has_its_line(make_log, heard):
    log = make_log("system.log_interval=100")
    log.on_start(run_events.start())
    run_steps(log, range(1, 11))
    assert [line.partition(" (")[0] for line in losses(heard)] == [
        "epoch 1/2, step 5/5: loss 3.000", "epoch 2/2, step 5/5: loss 8.000",
    ]  # fmt: skip


def test_a_terminal_shows_a_bar_and_the_lines_go_to_the_file_only(make_log, bars, tmp_path, capsys):
    log = make_log()
    start_logging(tmp_path)
    log.on_start(run_events.start())
    run_steps(log)
    (bar,) = bars
    assert (bar.options["total"], bar.options["initial"], bar.options["desc"]) == (5, 0, "epoch 1/2")
    assert (bar.steps, bar.closed) == (5, True)
    assert bar.shown[0] == "loss 2.000, bce 1.500, l1 0.500, lr 1.00e-01, 8.0 img/s, wait 50%"
    assert [text.split(",")[0] for text in bar.shown] == ["loss 2.000", "loss 4.000", "loss 5.000"]
    file, screen = (tmp_path / "log_0.txt").read_text(encoding="utf-8"), capsys.readouterr().err
    assert (file.count(": loss "), screen.count(": loss ")) == (3, 0)
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [IW] |  ", line) for line in file.splitlines())


def test_without_a_terminal_the_lines_are_on_the_screen_too_and_there_is_no_bar(make_log, bars, monkeypatch, tmp_path,
                                                                                 capsys):  # fmt: skip
    monkeypatch.setattr(run_log, "on_terminal", lambda: False)
    log = make_log()
    start_logging(tmp_path)
    log.on_start(run_events.start())
    run_steps(log)
    assert bars == [] and capsys.readouterr().err.count(": loss ") == 3


def test_a_resumed_epoch_begins_its_bar_where_it_goes_on_and_the_end_closes_it(make_log, bars, tmp_path):
    log = make_log()
    log.on_start(run_events.start(resumed=True))
    log.on_step_begin(Progress(epoch=2, batch=3, steps=8))
    log.on_end(run_events.end(tmp_path, error=KeyboardInterrupt()))
    (bar,) = bars
    assert (bar.options["initial"], bar.options["desc"], bar.closed) == (3, "epoch 2/2", True)


def test_an_evaluation_names_the_best_score_and_the_file(make_log, heard, tmp_path):
    log = make_log()
    log.on_start(run_events.start())
    heard.clear()
    folder = tmp_path / "run"
    folder.mkdir()
    log.on_epoch(run_events.epoch(1))
    log.on_epoch(run_events.epoch(1, {"hmean": 0.5}, folder / "best.ckpt", (0.5, 1)))
    (folder / "epoch_0002.ckpt").touch()
    log.on_epoch(run_events.epoch(2, {"hmean": 0.25}, None, (0.5, 1)))
    # weights that could not be saved, and another rank, which saves nothing
    log.on_epoch(run_events.epoch(3, {"hmean": 0.25}))
    other = make_log(place=Runtime("CPU", 1, 2))
    other._run = log._run
    other.on_epoch(run_events.epoch(2, {"hmean": 0.25}))
    on = " on 5 images in 0.0 s (0.00 images/s)"
    assert heard.messages == [
        f"epoch 1/2: hmean{on}; best so far, saved as {folder / 'best.ckpt'}",
        f"epoch 2/2: hmean{on}; best hmean 0.5000 of epoch 1; saved as {folder / 'epoch_0002.ckpt'}",
        f"epoch 3/2: hmean{on}",
        f"epoch 2/2: hmean{on}",
    ]


def test_settings_that_do_not_fit_are_one_warning(make_log, heard):
    log = make_log("scheduler.warmup_epochs=3", "system.val_start_epoch=500", "train.max_steps=40")
    log.on_start(run_events.start())
    (warning,) = [record.getMessage() for record in heard.records if record.levelname == "WARNING"]
    assert warning.splitlines()[0] == "some settings do not fit into the length of this run:"
    keys = [line.partition(":")[0].strip() for line in warning.splitlines()[1:]]
    assert keys == ["scheduler.warmup_epochs", "system.val_start_epoch", "train.max_steps"]


def test_the_last_lines_name_score_files_warnings_and_the_next_commands(make_log, heard, tmp_path):
    log = make_log()
    start_logging()
    logging.getLogger("mindocr").propagate = True
    log.on_start(run_events.start())
    heard.clear()
    log.on_end(run_events.end(tmp_path, error=ValueError("broken")))
    assert heard.messages == []
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("best.ckpt", "config.yaml"):
        (folder / name).touch()
    log.on_end(run_events.end(tmp_path, best=0.5, best_epoch=2, skipped=["a.jpg: broken"]))
    skipped, done, warnings, follow = heard.messages
    assert skipped == "1 image was skipped:\n  a.jpg: broken"
    files = "checkpoints, performance.csv and curves.png are in"
    assert done == f"done: 10 steps in 3 s, best hmean 0.5000 (epoch 2); {files} {folder}"
    where = f"in {folder}/log_0.txt their lines begin with W or E after the time"
    assert warnings == f"1 warning and 0 errors above; {where}"
    assert f"\n  mindocr eval -c {folder}/config.yaml -o eval.ckpt_load_path={folder}/best.ckpt\n" in follow
    log.files = ()
    heard.clear()
    log.on_end(run_events.end(tmp_path))
    assert heard.messages[0] == f"done: 10 steps in 3 s; checkpoints are in {folder}"


def test_a_resumed_run_with_nothing_left_says_how_to_continue(make_log, heard, tmp_path):
    log = make_log()
    log.on_start(run_events.start(resumed=True, at=Progress(epoch=2, batch=5, closed=True, steps=10, updates=10)))
    heard.clear()
    log.on_end(run_events.end(tmp_path))
    folder = tmp_path / "run"
    assert heard.messages[0] == (
        "epochs 1 to 2 are done, and nothing is left to train; to continue, raise scheduler.num_epochs (the learning "
        "rate then follows the longer schedule), for example -o scheduler.num_epochs=4 train.resume=auto:\n"
        f"  mindocr train -c {folder}/config.yaml -o scheduler.num_epochs=4 train.resume=auto"
    )
    assert heard.messages[1].startswith("done before: 10 steps; checkpoints, ")
    assert not any("compiles" in line for line in heard.messages)
    limited = make_log("train.max_steps=10")
    limited.on_start(run_events.start(resumed=True, at=Progress(epoch=2, batch=5, closed=True, steps=10, updates=10)))
    heard.clear()
    limited.on_end(run_events.end(tmp_path))
    assert heard.messages[0].startswith("train.max_steps: 10 updates are done, and nothing is left to train; ")
    assert heard.messages[0].endswith(" -o train.max_steps=20 train.resume=auto")
