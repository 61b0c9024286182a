"""A separate process that makes the ranks of one host end together.

When a rank is killed, the others wait for ever in a collective operation. This process watches them from outside. It
does not import MindSpore, so it is small and cannot hang in such an operation.
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
    """A process to watch: number in the job, process id, start time, and a log whose last line shows how far it got."""

    number: int
    pid: int
    started: str | None
    log: str

    @property
    def lives(self) -> bool:
        """Whether the process still runs; another process that has got the same id since does not count."""
        return self.started is not None and start_time(self.pid) == self.started


def watch(ranks: list[Rank], scheduler: int | None, report: str, heard: socket.socket) -> int:
    """Wait until all ranks have ended; as soon as one ends without having finished, end the others and report why.

    Args:
        ranks: of this host.
        scheduler: process to end after them, if any.
        report: file to append the reason to, besides stderr.
        heard: socket for JSON datagrams: ``{"rank": number, "error": null or text}`` from a rank that ends by itself,
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
        _report(_reason(failed, news.errors.get(failed.number)), report)
        _end([rank.pid for rank in ranks if rank.lives])
    if scheduler is not None:
        _end([scheduler], grace=0.0)
    return int(failed is not None)


@dataclass
class _News:
    """Messages from ranks, by rank number; errors in the order of arrival."""

    finished: set[int] = field(default_factory=set)
    errors: dict[int, str] = field(default_factory=dict)
    leaving: set[int] = field(default_factory=set)


def _listen(heard: socket.socket, news: _News, seconds: float) -> None:
    heard.settimeout(seconds)
    try:
        while True:
            message = json.loads(heard.recv(65536))
            if message.get("leaving"):
                news.leaving.add(message["rank"])
            elif message["error"] is None:
                news.finished.add(message["rank"])
            else:
                news.errors[message["rank"]] = message["error"]
            heard.settimeout(0.0)
    except (TimeoutError, BlockingIOError):
        return


def leave_address(pid: int) -> str:
    """Address at which a rank with this process id waits until all ranks may end."""
    return f"\0mindocr-rank-{pid}"


def _release(ranks: list[Rank], heard: socket.socket) -> None:
    for rank in ranks:
        try:
            heard.sendto(b".", leave_address(rank.pid))
        except OSError:  # it has left
            continue


def start_time(pid: int) -> str | None:
    """Start time of a process in clock ticks of the kernel; None where there is no process, or only a zombie."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else fields[18]


def _reason(rank: Rank, error: str | None) -> str:
    who = f"rank {rank.number} (process {rank.pid})"
    if error is not None:
        return f"{who} stopped: {error}\nThe other ranks are ended, because none can continue alone."
    try:
        last = Path(rank.log).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
    except (OSError, IndexError):
        last = "(nothing)"
    return (
        f"{who} is gone: it was killed or it crashed. Its last line in {rank.log}: {last}\n"
        "The other ranks are ended, because none can continue alone; start the job again with 'train.resume=auto'"
    )


def _report(text: str, report: str) -> None:
    print(f"error: {text}", file=sys.stderr, flush=True)
    with Path(report).open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} E {text}\n")


def _end(pids: list[int], grace: float = GRACE_S) -> None:
    """Ask processes to end, and kill those that still run after ``grace`` seconds."""
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
    # The launcher ends its ranks with a signal to all of its children; the reason must be reported first.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    job = json.loads(sys.argv[1])
    watched = [Rank(*rank) for rank in job["ranks"]]
    sys.exit(watch(watched, job["scheduler"], job["report"], socket.socket(fileno=job["heard"])))
