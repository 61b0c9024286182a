"""One function over many items: order, failures, killed processes, Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mindocr.errors import ConfigError, DataError, UserError
from mindocr.utils.parallel import processes_for, run_over, usable_cpus


def square(number):
    time.sleep(0.01 * (number % 3))  # later items are ready earlier
    return number * number


def process_of(number):
    return os.getpid()


def refuse_five(number):
    if number == 5:
        raise DataError("5.txt: not a number that is wanted")
    return number


def die_at_five(number):
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("processes", [1, 2])
def test_results_keep_the_order_of_the_items(processes):
    assert list(run_over(square, range(20), processes, chunk=3)) == [n * n for n in range(20)]
    assert list(run_over(square, [], processes)) == []


def test_work_is_done_elsewhere_where_that_is_asked_for():
    assert os.getpid() not in set(run_over(process_of, range(8), 2))
    assert set(run_over(process_of, range(8), 1)) == {os.getpid()}
    assert set(run_over(process_of, range(8), 2, chunk=8)) == {os.getpid()}, "one chunk needs no second process"


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_appears_at_the_place_of_its_item(processes):
    results = run_over(refuse_five, range(50), processes)
    seen = [next(results) for _ in range(5)]
    with pytest.raises(DataError, match="5.txt: not a number that is wanted"):
        next(results)
    assert seen == [0, 1, 2, 3, 4]


def test_a_killed_process_is_an_error_and_not_a_wait_without_end():
    with pytest.raises(UserError, match="one of 2 processes ended without a message.*use fewer processes"):
        list(run_over(die_at_five, range(50), 2))


def test_processes_end_when_the_results_are_no_longer_wanted():
    start = time.monotonic()
    results = run_over(time.sleep, [0.0, 0.0, *[30.0] * 10], 2)
    next(results)
    results.close()
    assert time.monotonic() - start < 15


def test_the_bar_counts_images(capsys, monkeypatch):
    monkeypatch.setattr("mindocr.utils.progress.on_terminal", lambda: True)
    assert list(run_over(refuse_five, range(3), 1, title="look")) == [0, 1, 2]
    assert "look:" in capsys.readouterr().err
    assert list(run_over(refuse_five, range(3), 1)) == [0, 1, 2]
    assert capsys.readouterr().err == ""


SLOW = """
import os, sys, time
from pathlib import Path
from mindocr.utils.parallel import run_over

def note_and_sleep(folder):
    (Path(folder) / str(os.getpid())).write_bytes(b"")
    time.sleep(60)

if __name__ == "__main__":
    list(run_over(note_and_sleep, [sys.argv[1]] * 4, 2))
"""


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_processes_end_with_the_main_one(tmp_path, number, default_signals):
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "pids").mkdir()
    run = subprocess.Popen([sys.executable, "slow.py", "pids"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(pids := [path.name for path in (tmp_path / "pids").iterdir()]) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(pids) == 2
    run.send_signal(number)
    said = run.communicate(timeout=30)[1]
    deadline = time.monotonic() + 10
    while any(map(lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(lives, pids))
    if number == signal.SIGINT:
        assert said.splitlines().count("KeyboardInterrupt") == 1, "the processes leave Ctrl-C to the main one"


def test_number_of_processes(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    assert usable_cpus() == 4
    assert [processes_for(items, None, worth=100) for items in (0, 99, 250, 10**6)] == [1, 1, 2, 4]
    assert [processes_for(1, wanted, worth=100) for wanted in (1, 3, 99)] == [1, 3, 4]
    with pytest.raises(ConfigError, match="--workers: expected 1 or more processes, got 0; omit it"):
        processes_for(10, 0, worth=1)
