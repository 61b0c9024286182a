"""Commands of ``mindocr`` one after the other, each in a process of its own, for the complete examples."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_PACKAGES = Path(__file__).resolve().parents[2]  # the folder that holds mindocr/


def run_steps(steps: Mapping[str, Sequence[object]]) -> tuple[int, dict[str, float]]:
    """Print and run each command until one fails.

    Args:
        steps: name of the step -> the words after ``mindocr``.

    Returns:
        0, or the exit code of the command that failed, and the seconds of each step that ended well.
    """
    seconds: dict[str, float] = {}
    for name, words in steps.items():
        start = time.perf_counter()
        if code := _run_step([str(word) for word in words]):
            return code, seconds
        seconds[name] = time.perf_counter() - start
    return 0, seconds


def table(seconds: Mapping[str, float], rows: Sequence[tuple[str, str]]) -> str:
    """A table of the seconds of the steps, then of other rows (name, value)."""
    times = [(f"{name}, seconds", f"{value:.0f}") for name, value in {**seconds, "all": sum(seconds.values())}.items()]
    return "\n" + "\n".join(f"| {name:<31} | {value:<30} |" for name, value in (*times, *rows))


def _run_step(words: list[str]) -> int:
    """Print a command of ``mindocr`` and run it in a new process; returns its exit code."""
    print(f"\n$ mindocr {shlex.join(words)}", flush=True)
    path = os.pathsep.join(filter(None, (str(_PACKAGES), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "mindocr", *words]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False).returncode
