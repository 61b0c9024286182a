"""How the user starts our commands, so that the commands in messages can be pasted into the same shell."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

# The scripts of a checkout, relative to the folder of tools/train.py
_SCRIPTS = {"train": "train.py", "eval": "eval.py", "predict": "infer/text/predict_det.py"}


def program(name: str) -> str:
    """The start of the command line for ``mindocr name``, like that of this process.

    Args:
        name: a command, such as ``eval``.
    """
    started = Path(sys.argv[0])
    if started.name == "__main__.py" and started.parent.name == "mindocr":
        return f"{_program_file(sys.executable)} -m mindocr {name}"
    if started.suffix == ".py" and started.parent.name == "tools" and name in _SCRIPTS:
        return f"{_program_file(sys.executable)} {shlex.quote(str(started.parent / _SCRIPTS[name]))}"
    return f"{_program_file(str(started)) if started.name == 'mindocr' else 'mindocr'} {name}"


def _program_file(path: str) -> str:
    """The name of a program where the shell finds it by its name, else its path."""
    name = Path(path).name
    return name if shutil.which(name) == path else shlex.quote(path)
