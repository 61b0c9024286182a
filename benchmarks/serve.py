"""Load on the service: requests that are answered, seconds, memory.

    python benchmarks/serve.py --images DIR [--requests 200] [--at_once 8] [--compare] [--json] [-- WORDS]

Starts ``mindocr serve`` on a free port of this machine, sends each photograph of DIR in turn, ``--at_once`` requests at
a time, and stops it with SIGTERM. Words behind ``--`` go to the service, such as ``--model ppocr-v3``. A request that
gets no answer, or another one than 200, is lost; a refusal with status 503 is sent again after the time that it states,
and counted. ``--compare`` reads every photograph once alone before, and counts results that differ from that.

Prints a table and one JSON line, with ``--json`` only the latter. Seconds are those of the client, from the first byte
to the last. Memory is the peak of the process of the service.
"""

import argparse
import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.cli.run import run_tool
from mindocr.data.datasets.sources import find_images
from mindocr.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
START_S, ANSWER_S, STOP_S = 600, 300, 120
MB = 1_000_000


class Answer(NamedTuple):
    """Status of the last answer (0: none), seconds of that try, refusals before it, texts."""

    status: int
    seconds: float
    refused: int
    texts: Any


class Service:
    """``mindocr serve`` in a process of its own."""

    def __init__(self, words: Sequence[str]) -> None:
        command = [sys.executable, "-m", "mindocr", "serve", "--port", "0", *words]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        self.log: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.port = int(self._wait(r"listening at \S+:(\d+);"))
        start = time.perf_counter()
        self._wait("ready: (.*)")
        self.load_s = time.perf_counter() - start

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(self.process.stderr)

    def _wait(self, words: str) -> str:
        end = time.monotonic() + START_S
        while not (found := re.search(words, "".join(self.log))):
            if self.process.poll() is not None or time.monotonic() > end:
                raise UserError(f"the service did not start: {''.join(self.log)}")
            time.sleep(0.05)
        return found[1]

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
        """One request: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        try:
            headers = {"Content-Type": "application/octet-stream"} if body is not None else {}
            connection.request("POST" if body is not None else "GET", path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def predict(self, content: bytes) -> Answer:
        """One image, sent again as long as there is no room for it."""
        refused = 0
        while True:
            start = time.perf_counter()
            try:
                status, headers, body = self.ask("/predict", content)
            except OSError:
                return Answer(0, time.perf_counter() - start, refused, None)
            if status != 503:
                texts = json.loads(body)["texts"] if status == 200 else None
                return Answer(status, time.perf_counter() - start, refused, texts)
            refused += 1
            time.sleep(float(headers.get("Retry-After", headers.get("retry-after", "1"))))

    def numbers(self) -> dict[str, float]:
        """The metrics by name and labels."""
        lines = self.ask("/metrics")[2].decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    def stop(self) -> int:
        """Stop it; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        finally:
            self.process.kill()


def main() -> None:
    args = arguments()
    images = [path.read_bytes() for path in find_images(args.images)]
    service = Service(args.words)
    try:
        alone = [service.predict(content).texts for content in images[: args.requests]] if args.compare else []
        jobs = [images[i % len(images)] for i in range(args.requests)]
        start = time.perf_counter()
        with ThreadPoolExecutor(args.at_once) as pool:
            answers = list(pool.map(service.predict, jobs))
        seconds = time.perf_counter() - start
        numbers = service.numbers()
    finally:
        code = service.stop()
    line = {"benchmark": "serve", **summary(answers, seconds), "at_once": args.at_once}
    line["load_s"] = round(service.load_s, 1)
    line["peak_mb"] = round(numbers["mindocr_peak_memory_bytes"] / MB)
    line["batches"] = int(numbers["mindocr_batch_images_count"])
    line["exit_code"] = code
    if args.compare:
        line["different"] = sum(answer.texts != alone[i % len(images)] for i, answer in enumerate(answers))
    if not args.json:
        for key, value in line.items():
            print(f"{key:<12} {value}")
    print(json.dumps(line))


def summary(answers: Sequence[Answer], seconds: float) -> dict[str, Any]:
    """Numbers of all requests."""
    times = np.array([answer.seconds for answer in answers])
    median, high = np.percentile(times, [50, 95])
    return {
        "requests": len(answers), "lost": sum(answer.status != 200 for answer in answers),
        "refused": sum(answer.refused for answer in answers),
        "texts": sum(len(answer.texts or []) for answer in answers),
        "images_per_s": round(len(answers) / seconds, 2), "median_s": round(float(median), 3),
        "p95_s": round(float(high), 3), "slowest_s": round(float(times.max()), 3),
    }  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True, help="folder of photographs")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--at_once", type=int, default=8, help="requests at the same time")
    parser.add_argument("--compare", action="store_true", help="read each photograph alone before, and compare")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("words", nargs="*", help="for mindocr serve, behind --")
    return parser.parse_args()


if __name__ == "__main__":
    run_tool(main)
