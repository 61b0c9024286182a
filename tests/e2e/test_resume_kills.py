"""A run that is killed repeatedly and resumed ends like an undisturbed one: real processes, real SIGKILL."""

import os
import random
import signal
import time

import pytest
from runs import Run, differences, write_data, write_test_lines

# All that a state holds: gradients waiting for their update, EMA, a loss scale that grows, states within an epoch.
EVERYTHING = (
    "train.gradient_accumulation_steps=2",
    "train.ema=True",
    "loss_scaler={type: dynamic, loss_scale: 8.0, scale_window: 4}",
    "train.save_interval_steps=3",
    "system.deterministic=True",
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("kills") / "data")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data):
    """An undisturbed run."""
    run = Run(tmp_path_factory.mktemp("kills") / "whole", data, EVERYTHING)
    assert run.finish() == 0, run.messages
    return run


def kill_while_training(run, after, pause):
    """Let it make ``after`` more steps, then send SIGKILL at a random moment."""
    seen = len(run.steps())
    process = run.start()
    deadline = time.monotonic() + 120
    while len(run.steps()) < seen + after and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(pause)
    process.send_signal(signal.SIGKILL)
    return run.wait(process)


def test_killed_anywhere_a_run_comes_to_the_same(whole, data, tmp_path):
    draw = random.Random(1)
    run = Run(tmp_path / "killed", data, EVERYTHING)
    kills = [
        f"step:{draw.randint(2, 4)}",
        f"half of the state:{draw.randint(1, 2)}",
        f"evaluation:{draw.randint(1, 3)}",
        "half of the best:1",
        "after the table:1",
        f"between two renames:{draw.randint(1, 2)}",
    ]
    for kill in kills:
        assert run.finish(kill) == -signal.SIGKILL, run.messages[-1]
    assert kill_while_training(run, draw.randint(1, 2), draw.random() / 20) == -signal.SIGKILL
    assert run.finish() == 0, run.messages[-1]
    assert len(run.steps()) > 15
    assert differences(whole, run) == []


def test_safetensors_survive_too(whole, data, tmp_path):
    run = Run(tmp_path / "killed", data, (*EVERYTHING, "train.ckpt_format=safetensors"))
    for kill in ("state not renamed:2", "half of the weights:1"):
        assert run.finish(kill) == -signal.SIGKILL, run.messages[-1]
    (run.folder / "out/train_state.safetensors").write_bytes(b"damaged by something else")
    assert run.finish() == 0, run.messages[-1]
    assert "falling back to" in run.messages[-1]
    assert run.losses() == whole.losses()
    assert run.table() == whole.table()
    for stem in ("best", "epoch_0003", "train_state"):
        ours, theirs = run.weights(stem), whole.weights(stem)
        assert ours.keys() == theirs.keys()
        assert all((ours[name] == theirs[name]).all() for name in ours)


def test_two_ranks_come_to_the_same(data, tmp_path):
    options = (
        "train.gradient_accumulation_steps=2",
        "train.save_interval_steps=1",
        "scheduler.num_epochs=30",
        "system.val_interval=30",
    )
    whole = Run(tmp_path / "whole", data, options, ranks=2, port=8371)
    assert whole.finish() == 0, whole.messages[-1]
    killed = Run(tmp_path / "killed", data, options, ranks=2, port=8373)
    assert killed.finish("step:3@1") != 0
    stop_one_rank(killed)
    assert killed.finish() == 0, killed.messages[-1]
    assert "SIGTERM: the run ends after step" in (killed.folder / "out/log_0.txt").read_text(encoding="utf-8")
    assert differences(whole, killed) == []
    assert killed.losses(rank=1) == whole.losses(rank=1)
    assert killed.losses(rank=1) != killed.losses()


def test_a_recogniser_on_generated_lines_comes_to_the_same(tmp_path):
    """Its lines are new ones in every epoch, and its recurrent layers have states of their own."""
    data = write_test_lines(tmp_path / "lines")
    options = ("train.save_interval_steps=3", "system.deterministic=True", "scheduler.num_epochs=2")
    whole = Run(tmp_path / "whole", data, options, task="rec")
    assert whole.finish() == 0, whole.messages[-1]
    killed = Run(tmp_path / "killed", data, options, task="rec")
    assert killed.finish("step:8") == -signal.SIGKILL, killed.messages[-1]
    assert killed.finish() == 0, killed.messages[-1]
    assert "nn.Dropout" not in killed.messages[-1]
    assert len(killed.steps()) > len(set(killed.steps())) == 10
    assert differences(whole, killed) == []


def stop_one_rank(run):
    """Start it, send SIGTERM to rank 1 alone, and see both ranks end with a saved state."""
    number = run.folder / "notes.pid1"
    number.unlink()
    process = run.start()
    deadline = time.monotonic() + 120
    while not (number.exists() and number.read_text(encoding="utf-8")) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(int(number.read_text(encoding="utf-8")), signal.SIGTERM)
    run.wait(process)
    assert run.steps()[-1] < 60, run.messages[-1]
