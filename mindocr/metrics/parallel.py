"""Images judged in several processes; the results are those of one, in the same order."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from itertools import chain

from mindocr.errors import ConfigError
from mindocr.metrics.matching import Image, ImageResult

WORTH_A_PROCESS = 4000  # images; fewer are judged before another process has started
BLOCK = 256  # images compared at once: faster than one by one, and little memory


def processes_for(images: int, wanted: int | None = None) -> int:
    """How many processes to use: those wanted, else as many as a set of this size is worth and CPUs are there for.

    Raises:
        ConfigError: fewer than one is wanted.
    """
    if wanted is not None and wanted < 1:
        raise ConfigError(f"--workers: expected 1 or more processes, got {wanted}; leave it out to have them chosen")
    return wanted or max(1, min(len(os.sched_getaffinity(0)), images // WORTH_A_PROCESS))


def match_all(
    match: Callable[[Sequence[Image]], list[ImageResult]], images: Sequence[Image], workers: int = 1
) -> list[ImageResult]:
    """Judge images in blocks.

    Args:
        match: :meth:`mindocr.metrics.matching.MatchingProtocol.match` of a protocol.
        images: in any number.
        workers: processes; 1 works in this one.
    """
    blocks = [images[start : start + BLOCK] for start in range(0, len(images), BLOCK)]
    if workers == 1 or len(blocks) < 2:
        return list(chain.from_iterable(map(match, blocks)))
    with multiprocessing.get_context("spawn").Pool(min(workers, len(blocks)), _leave_interrupts_alone) as pool:
        return list(chain.from_iterable(pool.map(match, blocks, chunksize=1)))


def _leave_interrupts_alone() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
