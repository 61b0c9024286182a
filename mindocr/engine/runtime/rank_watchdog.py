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
from dataclasses import dataclass, field
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
        heard: datagrams, JSON ``{"rank": number, "error": null or text}``, from a rank that ends by itself, and
            ``{"rank": number, "leaving": true}`` from one that waits at :func:`leave_address` until all may end.

    Returns:
        0 when all finished, else 1.
    """
    news = _News()
    failed: Rank | None = None
    while failed is None:
        _listen(heard, news, POLL_S)
        gone = [rank for rank in ranks if not rank.lives]
        _listen(heard, news, 0.0)
        lost = {rank.number: rank for rank in gone if rank.number not in news.finished}
        failed = next((lost[number] for number in (*news.errors, *lost) if number in lost), None)
        if failed is None and all(rank.number in news.leaving or rank in gone for rank in ranks):
            _release([rank for rank in ranks if rank not in gone], heard)
        if len(gone) == len(ranks):
            break
    if failed is not None:
        _tell(_reason(failed, news.errors.get(failed.number)), report)
        _end([rank.pid for rank in ranks if rank.lives])
    if scheduler is not None:
        _end([scheduler], grace=0.0)
    return int(failed is not None)


@dataclass
class _News:
    """What ranks have said, by their numbers; errors in the order in which they came."""

    finished: set[int] = field(default_factory=set)
    errors: dict[int, str] = field(default_factory=dict)
    leaving: set[int] = field(default_factory=set)


def _listen(heard: socket.socket, news: _News, seconds: float) -> None:
    heard.settimeout(seconds)
    try:
        while True:
            said = json.loads(heard.recv(65536))
            if said.get("leaving"):
                news.leaving.add(said["rank"])
            elif said["error"] is None:
                news.finished.add(said["rank"])
            else:
                news.errors[said["rank"]] = said["error"]
            heard.settimeout(0.0)
    except (TimeoutError, BlockingIOError):
        return


def leave_address(pid: int) -> str:
    """Where a rank with this process id waits for the word that all may end."""
    return f"\0mindocr-rank-{pid}"


def _release(ranks: list[Rank], heard: socket.socket) -> None:
    for rank in ranks:
        try:
            heard.sendto(b".", leave_address(rank.pid))
        except OSError:  # it has left
            continue


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
