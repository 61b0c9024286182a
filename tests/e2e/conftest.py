"""Tools run as a user runs them, in this process: fast, and with the real exit code and output."""

import runpy
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Outcome:
    """Result of a tool: exit code, standard output and standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def tool(repo_root: Path, monkeypatch, capfd):
    """Runs ``tool("tools/train.py", "-c", ...)`` and returns its :class:`Outcome`."""

    def run(script: str, *words: object) -> Outcome:
        monkeypatch.chdir(repo_root)
        monkeypatch.setattr(sys, "argv", [script, *map(str, words)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo_root / script), run_name="__main__")
        captured = capfd.readouterr()
        return Outcome(int(end.value.code or 0), captured.out, captured.err)

    return run
