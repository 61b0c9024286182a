"""Fuzzing: how many cases a kind has, how they are drawn, and what is told of them at the end.

``MINDOCR_FUZZ_CASES`` is the number of cases of all kinds together (300), ``MINDOCR_FUZZ_SEED`` draws other ones, and
``MINDOCR_FUZZ_CASE`` runs a single one again by its number.
"""

import os
import zlib
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from arena import Arena, clear, judge

from mindocr.registry import BACKBONES, DATASETS, HEADS, LOSSES, METRICS, NECKS, POSTPROCESSES, TRANSFORMS

TOTAL = 300
# Of that total. The kinds that need MindSpore are slow and come on top of it, in the same proportion.
SHARES = {
    "labels": 45, "yaml": 40, "overrides": 40, "images": 50, "archives": 25, "annotations": 35, "results": 15,
    "exchange": 20, "matlab": 10, "weights": 20, "maps": 10,
    "onnx": 20, "paddle": 30,
    "checkpoints": 50, "mindir": 30,
}  # fmt: skip
_LISTED = 10

Prepare = Callable[[np.random.Generator, Arena], Callable[[], object]]
_outcomes: dict[str, Counter] = {}


def numbers_of(kind: str) -> range:
    """The numbers of the cases of a kind."""
    if (only := os.environ.get("MINDOCR_FUZZ_CASE")) is not None:
        return range(int(only), int(only) + 1)
    total = int(os.environ.get("MINDOCR_FUZZ_CASES", TOTAL))
    return range(max(1, round(SHARES[kind] * total / TOTAL)))


@pytest.fixture(scope="session", autouse=True)
def loaded():
    """All parts known: the first look at them imports MindSpore, which starts processes of its own."""
    for registry in (BACKBONES, NECKS, HEADS, LOSSES, DATASETS, TRANSFORMS, POSTPROCESSES, METRICS):
        registry.names()


@pytest.fixture
def fuzz(tmp_path):
    """Runs ``prepare`` of a kind on all its cases.

    ``prepare(rng, arena)`` writes a hostile input and returns the call to be judged. Inputs of faults stay where the
    message says.
    """

    def run(kind: str, prepare: Prepare) -> Counter:
        seed = int(os.environ.get("MINDOCR_FUZZ_SEED", 0))
        outcomes = _outcomes.setdefault(kind, Counter())
        faults = []
        for number in numbers_of(kind):
            arena = Arena(tmp_path / f"{kind}_{number}")
            call = prepare(np.random.default_rng([seed, zlib.crc32(kind.encode()), number]), arena)
            verdict, message = judge(arena, call)
            outcomes[verdict] += 1
            if verdict == "fault":
                faults.append(f"case {number} ({arena.folder}): {message}")
            else:
                clear(arena.folder)
        assert not faults, f"{len(faults)} faults of kind '{kind}', seed {seed}:\n" + "\n".join(faults[:_LISTED])
        return outcomes

    return run


@pytest.fixture
def refused(tmp_path):
    """Judges one chosen input, which must be refused; returns the message."""

    def run(prepare: Callable[[Arena], Callable[[], object]]) -> str:
        arena = Arena(tmp_path / "chosen")
        verdict, message = judge(arena, prepare(arena))
        assert verdict == "refused", f"{verdict}: {message}"
        return message

    return run


@pytest.fixture
def bounded(tmp_path):
    """Judges one chosen input that a library may take or refuse, each version of it in its own way.

    What is asserted is our promise: the bounds of ``judge``, and in a refusal the name of the file.
    """

    def run(prepare: Callable[[Arena], Callable[[], object]], name: str) -> None:
        arena = Arena(tmp_path / "chosen")
        verdict, message = judge(arena, prepare(arena))
        assert verdict == "accepted" or (verdict == "refused" and name in message), f"{verdict}: {message}"

    return run


@pytest.fixture
def accepted(tmp_path):
    """Judges one chosen input, which must be accepted."""

    def run(prepare: Callable[[Arena], Callable[[], object]]) -> None:
        arena = Arena(tmp_path / "chosen")
        assert judge(arena, prepare(arena)) == ("accepted", "")

    return run


def pytest_terminal_summary(terminalreporter):
    if _outcomes:
        terminalreporter.section("fuzzing")
        for kind, counts in _outcomes.items():
            told = ", ".join(f"{counts[word]} {word}" for word in ("accepted", "refused", "fault") if counts[word])
            terminalreporter.line(f"{kind:<12} {sum(counts.values()):>5} cases: {told}")
        terminalreporter.line(f"{'all':<12} {sum(sum(counts.values()) for counts in _outcomes.values()):>5} cases")
