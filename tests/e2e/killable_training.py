"""A training run that writes every loss to disk and can kill itself at a given point.

    python killable_training.py NOTES KILL_POINT CONFIG.yaml -o key=value ...

NOTES gets a line ``step loss`` for each step, the loss as an exact hexadecimal number; of ranks above 0, NOTES.<rank>.
NOTES.pid<rank> holds the number of the process. KILL_POINT is a name of ``POINTS`` and a count, as in
``evaluation:2``; the process then sends itself SIGKILL when it comes by for that time; ``step:4@1`` concerns rank 1
instead of rank 0. ``none`` lets it run to its end. ``fill:7-12`` fills the disk of the output folder before step 7 and
frees it before step 12; ``sleep:8`` keeps step 8 busy for a minute.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import communication
from tiny_network import Tiny

from mindocr.cli.run import run_tool
from mindocr.config import load_config
from mindocr.engine.evaluate.evaluator import Evaluator
from mindocr.engine.train import trainer
from mindocr.engine.train.loggers.csv import CsvLogger
from mindocr.engine.train.nonfinite_policy import LossGuard
from mindocr.engine.train.step import TrainStep
from mindocr.models.network_runner import NetworkRunner
from mindocr.registry import BACKBONES
from mindocr.utils import files


def rank() -> int:
    """Of this process, from 0; known once the ranks have joined."""
    return communication.get_rank() if communication.GlobalComm.INITED else 0


def kill_at(owner: Any, name: str, count: int, victim: int, where: str, only: str = "") -> None:
    """Kill rank ``victim`` at the ``count``-th call of ``owner.name`` with a file whose name has ``only``.

    ``where``: ``before`` the call, ``after`` it, or ``half``, when half of the file that it wrote is on the disk.
    """
    original, left = getattr(owner, name), [count]

    def call(*args: Any, **options: Any) -> Any:
        names = " ".join(Path(each).name for each in args if isinstance(each, (str, Path)))
        concerned = rank() == victim and only in names
        left[0] -= concerned
        due = concerned and left[0] == 0
        if due and where == "before":
            die()
        result = original(*args, **options)
        if due and where == "half":
            path = Path(args[1])
            path.chmod(0o644)
            os.truncate(path, path.stat().st_size // 2)
        if due:
            die()
        return result

    setattr(owner, name, call)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before_step(number: int, act: Callable[[], None]) -> None:
    """Call ``act`` before this process makes its step ``number``."""
    step, done = TrainStep.__call__, [0]

    def call(self: TrainStep, *inputs: Any) -> Any:
        done[0] += 1
        if done[0] == number:
            act()
        return step(self, *inputs)

    TrainStep.__call__ = call


def fill_disk(filler: Path) -> None:
    """Fill the disk of ``filler`` completely."""
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def note_losses(notes: str) -> None:
    """Write each loss to disk before the run records it."""
    note = LossGuard.note

    def noted(self: LossGuard, at: Any, outcome: Any, batch: Any) -> None:
        with Path(notes + (f".{rank()}" if rank() else "")).open("a", encoding="utf-8") as file:
            file.write(f"{at.steps} {outcome.loss.hex()}\n")
        Path(f"{notes}.pid{rank()}").write_text(str(os.getpid()), encoding="utf-8")
        note(self, at, outcome, batch)

    LossGuard.note = noted


def score_by_maps() -> None:
    """Replace the f-score by a number that depends on all probabilities, because such a short run finds no text."""
    infer, evaluate, total = NetworkRunner.__call__, Evaluator.run, [0.0]

    def inferred(self: NetworkRunner, images: Any) -> dict[str, list[np.ndarray]]:
        outputs = infer(self, images)
        total[0] += sum(float(each.astype(np.float64).sum()) for maps in outputs.values() for each in maps)
        return outputs

    def evaluated(self: Evaluator, *options: Any) -> Any:
        total[0] = 0.0
        evaluation = evaluate(self, *options)
        evaluation.scores["f-score"] = total[0] % 1
        return evaluation

    NetworkRunner.__call__, Evaluator.run = inferred, evaluated


# name -> (object, its function, when, what the call is about)
POINTS = {
    "step": (LossGuard, "note", "before", ""),
    "half of the state": (ms, "save_checkpoint", "half", "train_state"),
    "state not flushed": (files, "flush", "before", ".train_state"),
    "state not renamed": (files, "flush", "after", ".train_state"),
    "between two renames": (Path, "replace", "after", "train_state.previous"),
    "half of the weights": (ms, "save_checkpoint", "half", "epoch_"),
    "half of the best": (ms, "save_checkpoint", "half", "best"),
    "evaluation": (NetworkRunner, "__call__", "before", ""),
    "table": (CsvLogger, "on_epoch", "before", ""),
    "after the table": (CsvLogger, "on_epoch", "after", ""),
}


def main() -> None:
    notes, point, config, _, *overrides = sys.argv[1:]
    BACKBONES.names()
    BACKBONES._classes["tiny_for_tests"] = Tiny
    name, _, count = point.partition(":")
    if name == "fill":
        filler, (begin, end) = Path(notes).with_name("filler"), map(int, count.split("-"))
        before_step(begin, lambda: fill_disk(filler))
        before_step(end, filler.unlink)
    elif name == "sleep":
        # Like a long graph: compiled code that no signal wakes and that lets other threads run.
        before_step(int(count), lambda: hashlib.pbkdf2_hmac("sha256", b"", b"", 10**8) and None)
    elif name != "none":
        owner, function, where, only = POINTS[name]
        count, _, victim = count.partition("@")
        kill_at(owner, function, int(count), int(victim or 0), where, only)
    note_losses(notes)
    score_by_maps()
    trainer.run(load_config(config, overrides))


if __name__ == "__main__":
    run_tool(main)
