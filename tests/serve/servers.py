"""Starts the service as a process and talks to it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90.0


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """What a refusal says; every one has this form."""
        assert self.headers["content-type"] == "application/json" and "Traceback" not in self.body.decode()
        assert set(self.json) == {"status", "message"} and self.json["status"] == self.status
        return self.json["message"]


class Server:
    """A service that listens, in a process of its own.

    Attributes:
        log: its standard error so far.
        url: its address.
    """

    def __init__(self, command: list[str], folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env=environment)
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.append(line)

    @property
    def log(self) -> str:
        return "".join(self._lines)

    def wait_for(self, words: str) -> str:
        """The log, as soon as it has these words (a regular expression)."""
        end = time.monotonic() + PATIENCE_S
        while not re.search(words, self.log):
            assert self.process.poll() is None and time.monotonic() < end, f"no '{words}' in the log:\n{self.log}"
            time.sleep(0.02)
        return self.log

    @property
    def url(self) -> str:
        found = re.search(r"listening at (\S+);", self.wait_for("listening at"))
        assert found is not None
        return found[1]

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None and parts.port is not None
        return parts.hostname, parts.port

    def ask(
        self, path: str, body: bytes | None = None, kind: str = "image/png", method: str = "", **headers: str
    ) -> Reply:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(*self.place, timeout=PATIENCE_S)
        try:
            sent = {**({"Content-Type": kind} if body is not None and kind else {}), **headers}
            connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def numbers(self) -> dict[str, float]:
        """The metrics by name and labels."""
        lines = self.ask("/metrics").body.decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def end(self) -> int:
        """Stop it with SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """The exit code of a service that stops by itself."""
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code


@contextmanager
def started(command: list[str], folder: Path, ready: bool = True) -> Iterator[Server]:
    """A service; it is killed at the end if it still runs."""
    server = Server(command, folder)
    try:
        if ready:
            server.wait_for("ready: ")
        yield server
    finally:
        server.process.kill()
        server.ended()


def serving(*words: str) -> list[str]:
    """The command, on a free port."""
    return [sys.executable, "-m", "mindocr", "serve", "--port", "0", *words]


def slow(*words: str) -> list[str]:
    """The same with a stand-in for the model, see ``slow_model.py``."""
    return [sys.executable, str(Path(__file__).with_name("slow_model.py")), "--port", "0", *words]


def form(field: str, name: str, content: bytes, boundary: str = "limit") -> tuple[bytes, str]:
    """A form with one file: its bytes and its media type."""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
