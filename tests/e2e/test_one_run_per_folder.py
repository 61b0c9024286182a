"""Two runs in one folder at once: the second is refused, and a killed run locks nothing."""

import os
import signal
import time

import pytest
from runs import Run, write_data

LONG = ("scheduler.num_epochs=400", "system.val_while_train=False")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("default_signals")]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("lock") / "data")


def await_steps(run, count, process):
    deadline = time.monotonic() + 120
    while len(run.steps()) < count and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, run.wait(process) or run.messages[-1]


SHORT = ("train.max_steps=1", "train.resume=null", "system.val_while_train=False")


def kill(run, process):
    """Kill rank 0 with SIGKILL, and wait for the others."""
    note = run.folder / "notes.pid0"
    while not (pid := note.read_text(encoding="utf-8")):  # it is written again at each step
        time.sleep(0.01)
    os.kill(int(pid), signal.SIGKILL)
    run.wait(process)


def test_a_second_run_is_refused_until_the_first_is_killed(data, tmp_path):
    first = Run(tmp_path / "run", data, LONG)
    process = first.start()
    await_steps(first, 6, process)
    for resume in ("auto", "null"):
        second = Run(tmp_path / "run", data, (*LONG, f"train.resume={resume}"))
        assert second.finish() == 2
        assert (
            f"error: train.ckpt_save_dir: '{first.folder / 'out'}' is in use by another run, process "
            in (second.messages[-1])
        )
        assert "Traceback" not in second.messages[-1]
    assert "is in use" not in (first.folder / "out/log_0.txt").read_text(encoding="utf-8")
    assert not list((first.folder / "out").glob("earlier_*"))
    kill(first, process)
    assert (first.folder / "out/.run.lock").exists()
    new = Run(tmp_path / "run", data, SHORT)
    assert new.finish() == 0, new.messages[-1]
    assert "holds an earlier run; moved to" in new.messages[-1]
    assert not (first.folder / "out/.run.lock").exists()


def test_two_ranks_set_the_earlier_run_aside_and_hold_the_folder(data, tmp_path):
    first = Run(tmp_path / "run", data, SHORT, ranks=2, port=8131)
    assert first.finish() == 0, first.messages[-1]
    second = Run(tmp_path / "run", data, (*LONG, "train.resume=null"), ranks=2, port=8132)
    process = second.start()
    await_steps(second, 6, process)
    refused = Run(tmp_path / "run", data, (*LONG, "train.resume=null"), ranks=2, port=8133)
    assert refused.finish() != 0
    logs = (path.read_text(encoding="utf-8") for path in (refused.folder / "msrun").glob("worker_*"))
    assert "is in use by another run, process " in refused.messages[-1] + "".join(logs)
    steps = len(second.steps())
    await_steps(second, steps + 2, process)
    kill(second, process)
    (earlier,) = (second.folder / "out").glob("earlier_*")
    for folder in (earlier, second.folder / "out"):
        assert {"train_state.ckpt", "log_0.txt", "config.yaml"} <= {path.name for path in folder.iterdir()}
    assert (earlier / "log_0.txt").read_text(encoding="utf-8").count("done: ") == 1
    assert "done: " not in (second.folder / "out/log_0.txt").read_text(encoding="utf-8")
