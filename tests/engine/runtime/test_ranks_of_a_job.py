"""Joining a job of several ranks, as far as one process can test it; real jobs are in tests/e2e/test_ranks.py."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mindocr.engine.runtime import rank_watchdog, ranks
from mindocr.engine.runtime.rank_watchdog import leave_address, start_time
from mindocr.errors import ConfigError, UserError

OPEN_MPI = {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "PMIX_NAMESPACE": "job-1"}


@pytest.fixture
def alone(monkeypatch):
    """An environment in which no launcher has started this process."""
    for name in list(os.environ):
        if name.startswith(("OMPI_", "PMIX_", "MS_", "RANK_TABLE")):
            monkeypatch.delenv(name)
    return monkeypatch


def test_a_process_started_alone_is_told_how_to_launch(alone):
    with pytest.raises(ConfigError, match=r"started alone; start it with 'msrun --worker_num=2 .* or add '-o system"):
        ranks.join("CPU")


def test_the_message_says_where_mpirun_comes_from(alone, tmp_path):
    alone.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"mpirun is not installed here: Debian and Ubuntu have it in openmpi-bin"):
        ranks.join("CPU")


def test_all_ranks_of_a_job_name_the_same_scheduler_and_two_jobs_different_ones(alone):
    alone.setattr(ranks, "_start_scheduler", lambda environment: None)
    alone.setattr(ranks, "_await_scheduler", lambda host, port: None)
    first, second = dict(OPEN_MPI), {**OPEN_MPI, "OMPI_COMM_WORLD_RANK": "0"}
    other = {**OPEN_MPI, "PMIX_NAMESPACE": "job-2"}
    for environment in (first, second, other):
        ranks._translate_open_mpi(environment)
    assert first["MS_SCHED_PORT"] == second["MS_SCHED_PORT"] != other["MS_SCHED_PORT"]
    assert (first["MS_ROLE"], first["MS_NODE_ID"], first["MS_WORKER_NUM"]) == ("MS_WORKER", "1", "2")
    assert second["MS_NODE_ID"] == "0"


def test_several_hosts_need_the_address_of_the_first(alone):
    with pytest.raises(ConfigError, match="run on several hosts; set MS_SCHED_HOST"):
        ranks._translate_open_mpi({**OPEN_MPI, "OMPI_COMM_WORLD_LOCAL_SIZE": "1"})


def test_a_port_in_use_is_named(alone):
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(UserError, match=f"port {port}, on which the ranks connect, cannot be used"):
            ranks._translate_open_mpi({**OPEN_MPI, "OMPI_COMM_WORLD_RANK": "0", "MS_SCHED_PORT": port})


def test_a_scheduler_that_does_not_answer_is_named(alone):
    alone.setattr(ranks, "TOPOLOGY_TIMEOUT_S", 0.3)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(UserError, match=f"does not answer at 127.0.0.1:{port} after 0.3 s"):
            ranks._await_scheduler("127.0.0.1", port)


class Watched:
    """Two sleeping processes as ranks 0 and 1, and a real watchdog."""

    def __init__(self, folder: Path) -> None:
        self.address = f"\0mindocr-test-{os.getpid()}-{folder.name}"
        self.report = folder / "log_0.txt"
        (folder / "log_1.txt").write_text("epoch 3\nepoch 4: step 17\n", encoding="utf-8")
        sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
        self.ranks = [subprocess.Popen(sleep) for _ in range(2)]
        self.scheduler = subprocess.Popen(sleep)
        watched = [(n, p.pid, start_time(p.pid), str(folder / f"log_{n}.txt")) for n, p in enumerate(self.ranks)]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
            heard.bind(self.address)
            job = {
                "ranks": watched,
                "scheduler": self.scheduler.pid,
                "report": str(self.report),
                "heard": heard.fileno(),
            }
            self.watch = subprocess.Popen(
                [sys.executable, rank_watchdog.__file__, json.dumps(job)],
                pass_fds=(heard.fileno(),),
                stderr=subprocess.PIPE,
                text=True,
            )

    def say(self, rank: int, error: str | None) -> None:
        self.send({"rank": rank, "error": error})

    def send(self, message: dict) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(json.dumps(message).encode(), self.address)

    def end(self, rank: int) -> None:
        self.ranks[rank].kill()
        self.ranks[rank].wait()

    def _still_running(self) -> list[subprocess.Popen]:
        return [process for process in (*self.ranks, self.scheduler) if process.poll() is None]

    def outcome(self) -> tuple[int, str]:
        """Exit code and message of the watchdog, once it has ended; processes that still run then are killed."""
        try:
            _, message = self.watch.communicate(timeout=20)
        finally:
            deadline = time.monotonic() + 10  # a process that was sent SIGKILL ends soon, not at once
            while self._still_running() and time.monotonic() < deadline:
                time.sleep(0.02)
            self.left = self._still_running()
            for process in (*self.left, self.watch):
                process.kill()
                process.wait()
        return self.watch.returncode, message


def test_ranks_that_finish_end_in_silence_and_take_the_scheduler_along(tmp_path):
    watched = Watched(tmp_path)
    for rank in (0, 1):
        watched.say(rank, None)
        watched.end(rank)
    assert watched.outcome() == (0, "")
    assert watched.left == []


def test_a_killed_rank_ends_the_others_and_its_last_line_is_told(tmp_path):
    watched = Watched(tmp_path)
    watched.end(1)
    code, message = watched.outcome()
    assert code == 1
    assert f"rank 1 (process {watched.ranks[1].pid}) is gone" in message
    assert "Its last line in" in message and "epoch 4: step 17" in message
    assert message.splitlines()[0].removeprefix("error: ") in watched.report.read_text(encoding="utf-8")
    assert watched.left == []


def test_a_rank_that_stops_for_an_error_is_quoted(tmp_path):
    watched = Watched(tmp_path)
    watched.say(1, "photo.jpg: this image file is empty")
    watched.end(1)
    code, message = watched.outcome()
    assert code == 1
    assert "rank 1" in message and "stopped: photo.jpg: this image file is empty" in message
    assert watched.ranks[0].returncode == -signal.SIGTERM


def test_start_time_tells_a_process_from_a_dead_one():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert start_time(process.pid) == start_time(process.pid) is not None
    process.communicate(b"\n")
    assert start_time(process.pid) is None


def test_the_error_that_came_first_is_the_reason(tmp_path):
    """The other rank's operations fail because this one is gone, and it reports an error too."""
    watched = Watched(tmp_path)
    watched.say(1, "photo.jpg: this image file is empty")
    watched.say(0, "Launch kernel failed")
    for rank in (0, 1):
        watched.end(rank)
    code, message = watched.outcome()
    assert code == 1
    assert "rank 1" in message and "Launch" not in message


@pytest.mark.parametrize("gone", [False, True])
def test_ranks_may_leave_once_all_are_about_to_or_gone(tmp_path, gone):
    watched = Watched(tmp_path)
    for rank in (0, 1):
        watched.say(rank, None)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(leave_address(watched.ranks[0].pid))
        line.settimeout(0.6)
        watched.send({"rank": 0, "leaving": True})
        with pytest.raises(TimeoutError):
            line.recv(1)
        if gone:
            watched.end(1)
        else:
            watched.send({"rank": 1, "leaving": True})
        line.settimeout(10)
        assert line.recv(1) == b"."
    for rank in range(2 - gone):
        watched.end(rank)
    assert watched.outcome() == (0, "")


def test_a_rank_whose_watch_is_gone_does_not_wait():
    ranks._await_neighbours(0, f"\0mindocr-no-watch-{os.getpid()}")


def scheduled(server: str, ranks: int, repo_root: Path) -> int:
    """Exit code of a scheduler under a launcher that also starts ranks, which run for two seconds."""
    scheduler = f"from mindocr.engine.runtime import ranks; ranks._SCHEDULER = {server!r}; ranks._be_scheduler()"
    launcher = (
        "import os, subprocess, sys\n"
        f"scheduler = subprocess.Popen([sys.executable, '-c', {scheduler!r}])\n"
        "environment = {**os.environ, 'MS_ROLE': 'MS_WORKER'}\n"
        f"ranks = [subprocess.Popen(['sleep', '2'], env=environment) for _ in range({ranks})]\n"
        "[rank.wait() for rank in ranks]\n"
        "sys.exit(scheduler.wait(20))\n"
    )
    return subprocess.run([sys.executable, "-c", launcher], cwd=repo_root, timeout=60).returncode


def test_the_scheduler_of_msrun_ends_after_the_ranks_and_takes_its_server_along(repo_root):
    assert scheduled("import time; time.sleep(50)", 2, repo_root) == 0


def test_a_scheduler_that_gives_up_passes_its_exit_code_on(repo_root):
    assert scheduled("raise SystemExit(7)", 1, repo_root) == 7
