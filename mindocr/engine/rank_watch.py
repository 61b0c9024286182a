"""A process of its own that sees to it that the ranks of one host end together.

A rank that is killed leaves the others waiting in a collective operation, where they hear nothing. This process waits
beside them; it needs no MindSpore, so it is light and cannot get stuck in the same place.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.2
GRACE_S = 5.0


@dataclass(frozen=True)
class Rank:
    """A process to watch: number in the job, process id, start time, and a log whose last line tells how far it got."""

    number: int
    pid: int
    started: str | None
    log: str

    @property
    def lives(self) -> bool:
        """Whether the process is still there, and no other one under its number."""
        return self.started is not None and start_time(self.pid) == self.started


def watch(ranks: list[Rank], scheduler: int | None, report: str, heard: socket.socket) -> int:
    """Wait until all ranks have ended; end the others, and say why, as soon as one ends without having finished.

    Args:
        ranks: of this host.
        scheduler: process to end after them, if any.
        report: file to append the reason to, besides stderr.
        heard: datagrams, JSON ``{"rank": number, "error": null or text}``, from a rank that ends by itself.

    Returns:
        0 when all finished, else 1.
    """
    errors: dict[int, str] = {}
    finished: set[int] = set()
    failed: Rank | None = None
    while failed is None:
        _listen(heard, finished, errors, POLL_S)
        gone = [rank for rank in ranks if not rank.lives]
        _listen(heard, finished, errors, 0.0)
        lost = [rank for rank in gone if rank.number not in finished]
        failed = next((rank for rank in lost if rank.number in errors), lost[0] if lost else None)
        if len(gone) == len(ranks):
            break
    if failed is not None:
        _tell(_reason(failed, errors.get(failed.number)), report)
        _end([rank.pid for rank in ranks if rank.lives])
    if scheduler is not None:
        _end([scheduler], grace=0.0)
    return int(failed is not None)


def _listen(heard: socket.socket, finished: set[int], errors: dict[int, str], seconds: float) -> None:
    heard.settimeout(seconds)
    try:
        while True:
            news = json.loads(heard.recv(65536))
            if news["error"] is None:
                finished.add(news["rank"])
            else:
                errors[news["rank"]] = news["error"]
            heard.settimeout(0.0)
    except (TimeoutError, BlockingIOError):
        return


def start_time(pid: int) -> str | None:
    """When a process started, as the kernel counts; None where there is none, or only what is left of a dead one."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else fields[18]


def _reason(rank: Rank, error: str | None) -> str:
    who = f"rank {rank.number} (process {rank.pid})"
    if error is not None:
        return f"{who} stopped: {error}\nThe other ranks are ended, because none can go on alone."
    try:
        last = Path(rank.log).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
    except (OSError, IndexError):
        last = "(nothing)"
    return (
        f"{who} is gone: it was killed or it crashed. Its last line in {rank.log}: {last}\n"
        "The other ranks are ended, because none can go on alone; start the job again with 'train.resume=auto'"
    )


def _tell(text: str, report: str) -> None:
    print(f"error: {text}", file=sys.stderr, flush=True)
    with Path(report).open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} E {text}\n")


def _end(pids: list[int], grace: float = GRACE_S) -> None:
    """Ask processes to end, and end those that have not after ``grace`` seconds."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            try:
                os.kill(pid, sign)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and any(start_time(pid) for pid in pids):
            time.sleep(POLL_S)


if __name__ == "__main__":
    # The launcher ends its ranks with a signal to all of its children; the reason is to be told first.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    job = json.loads(sys.argv[1])
    watched = [Rank(*rank) for rank in job["ranks"]]
    sys.exit(watch(watched, job["scheduler"], job["report"], socket.socket(fileno=job["heard"])))
