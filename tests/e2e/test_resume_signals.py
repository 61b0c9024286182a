"""SIGTERM and Ctrl-C: the run ends between two steps, prints how to resume, and resumes exactly where it stopped."""

import os
import signal
import subprocess
import sys
import time

import pytest
from runs import ROOT, Run, write_data

LONG = ("scheduler.num_epochs=400", "system.val_while_train=False", "train.loader.num_workers=1")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("default_signals")]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("signals") / "data")


def await_steps(run, count, process):
    deadline = time.monotonic() + 120
    while len(run.steps()) < count and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, run.wait(process) or run.messages[-1]


def test_sigterm_to_the_whole_group_saves_and_the_run_goes_on(data, tmp_path):
    run = Run(tmp_path / "run", data, LONG)
    process = run.start()
    await_steps(run, 12, process)
    os.killpg(process.pid, signal.SIGTERM)
    assert run.wait(process, 60) == 143
    last = run.steps()[-1]
    assert f"SIGTERM: stopped after step {last} " in run.messages[-1]
    saved = run.folder / "out/config.yaml"
    assert f"To resume, run:\n  mindocr train -c {saved} -o train.resume=auto" in run.messages[-1]
    assert f"SIGTERM: stopped after step {last} " in (run.folder / "out/log_0.txt").read_text(encoding="utf-8")
    assert "Traceback" not in run.messages[-1]
    run.options = (*LONG, f"train.max_steps={last + 3}")
    assert run.finish() == 0, run.messages[-1]
    assert run.steps() == list(range(1, last + 4))
    assert f"resumed from {run.folder / 'out/train_state.ckpt'}: weights, optimizer, learning rate" in run.messages[-1]


def test_sigterm_during_an_evaluation_ends_it(data, tmp_path):
    slow = ("scheduler.num_epochs=1", "eval.loader.batch_size=1", "eval.dataset.sample_ratio=400")
    run = Run(tmp_path / "run", data, slow)
    process = run.start()
    await_steps(run, 5, process)
    time.sleep(1.5)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert run.wait(process, 60) == 143
    assert time.monotonic() - began < 20
    assert "stopped after step 5 (epoch 1, batch 5)" in run.messages[-1]
    assert "epoch 1/1: recall" not in run.messages[-1]


def test_a_second_signal_ends_the_run_at_once(data, tmp_path):
    run = Run(tmp_path / "run", data, (*LONG, "train.gradient_accumulation_steps=1"))
    process = run.start("sleep:8")
    await_steps(run, 7, process)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    time.sleep(1.5)
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert run.wait(process, 60) == 143
    assert time.monotonic() - began < 5
    assert run.steps()[-1] == 7


def test_ctrl_c_at_a_terminal(data, tmp_path):
    run = Run(tmp_path / "run", data, LONG)
    terminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    process = subprocess.Popen(
        [sys.executable, "-c", terminal, *run.command()], cwd=ROOT, env=run.environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    await_steps(run, 12, process)
    process.stdin.write("\x03")
    process.stdin.flush()
    assert run.wait(process, 60) == 130, run.messages[-1]
    assert f"Ctrl-C: stopped after step {run.steps()[-1]} " in run.messages[-1]
