"""The process: device, execution mode, seeds, ranks, logging and the output folder."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from mindocr.config.schema import System
from mindocr.engine.runtime import ranks
from mindocr.models import device
from mindocr.utils.folders import prepare_output
from mindocr.utils.launcher import launched
from mindocr.utils.logs import release_log, start_logging

__all__ = ["ALONE", "Runtime", "prepare_output", "release_log", "seed_everything", "start", "start_logging"]


@dataclass(frozen=True)
class Runtime:
    """Where this process runs: device target (``CPU`` or ``Ascend``), its rank, and the number of ranks."""

    device: str
    rank: int = 0
    world: int = 1

    @property
    def is_main(self) -> bool:
        """True on the one rank that writes files."""
        return self.rank == 0


ALONE = Runtime("CPU")


def start(system: System, *, may_be_alone: bool = False) -> Runtime:
    """Prepare MindSpore for the ``system`` section of a configuration.

    Args:
        system: the section.
        may_be_alone: with ``system.distribute``, a process without a launcher is no error and works alone.

    Raises:
        ConfigError: the device is not available, or ``system.distribute`` is set without a launcher.
    """
    chosen = device.prepare(system)
    joins = system.distribute and (launched() or not may_be_alone)
    rank, world = ranks.join(chosen) if joins else (0, 1)
    seed_everything(system.seed)
    return Runtime(chosen, rank, world)


def seed_everything(seed: int) -> None:
    """Fix the generators of Python, NumPy and MindSpore (initial weights, dropout). Samples have their own seeds."""
    import mindspore as ms

    random.seed(seed)
    np.random.seed(seed)
    ms.set_seed(seed)
    ms.manual_seed(seed)  # the generator of mint's operators, which set_seed does not seed
