"""A training run that records its memory.

    python measured_training.py NOTES none CONFIG.yaml -o key=value ...

NOTES gets a line ``step N BYTES`` after each step and ``evaluation N BYTES`` after each evaluation: resident memory.
"""

import os
import sys
from pathlib import Path
from typing import Any

from tiny_network import Tiny

from mindocr.cli.run import run_tool
from mindocr.config import load_config
from mindocr.engine.evaluate.evaluator import Evaluator
from mindocr.engine.train import trainer
from mindocr.engine.train.step import TrainStep
from mindocr.registry import BACKBONES


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def note_after(owner: Any, name: str, word: str, notes: Path) -> None:
    """Append to the notes after each call of ``owner.name``."""
    original, count = getattr(owner, name), [0]

    def call(*args: Any, **options: Any) -> Any:
        result = original(*args, **options)
        count[0] += 1
        with notes.open("a") as file:
            file.write(f"{word} {count[0]} {resident()}\n")
        return result

    setattr(owner, name, call)


def main() -> None:
    notes, _, config, _, *overrides = sys.argv[1:]
    BACKBONES.names()
    BACKBONES.register(Tiny, name="tiny_for_tests")
    note_after(TrainStep, "__call__", "step", Path(notes))
    note_after(Evaluator, "run", "evaluation", Path(notes))
    trainer.run(load_config(config, overrides))


if __name__ == "__main__":
    run_tool(main)
