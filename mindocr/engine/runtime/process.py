"""The process: device, execution mode, seeds, ranks, logging and the output folder."""

from __future__ import annotations

import logging
import os
import random
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mindocr.engine.runtime import ranks
from mindocr.environment import ONEDNN_VARIABLE, ascend_present, cap_onednn
from mindocr.errors import ConfigError, UserError

logger = logging.getLogger("mindocr")


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


def start(system: object, *, may_be_alone: bool = False) -> Runtime:
    """Prepare MindSpore for the ``system`` section of a configuration.

    Args:
        system: the section.
        may_be_alone: with ``system.distribute``, a process that no launcher has started does all the work itself.

    Raises:
        ConfigError: the device is not there, or ``system.distribute`` is set without a launcher.
    """
    target = str(system.device_target)
    device = target if target != "auto" else ("Ascend" if ascend_present() else "CPU")
    if cap_onednn(device):
        logger.info("%s=%s is set for MindSpore's CPU convolutions; set it yourself to override",
                    ONEDNN_VARIABLE, os.environ[ONEDNN_VARIABLE])  # fmt: skip
    import mindspore as ms

    _choose_device(device, system.device_id)
    ms.set_context(mode=ms.GRAPH_MODE if system.mode == 0 else ms.PYNATIVE_MODE)
    if device == "Ascend" and system.mode == 0:
        ms.set_context(jit_config={"jit_level": system.jit_level})
    if system.deterministic:
        ms.set_deterministic(True)
    joins = system.distribute and (ranks.launched() or not may_be_alone)
    rank, world = ranks.join(device) if joins else (0, 1)
    seed_everything(system.seed)
    return Runtime(device, rank, world)


def _choose_device(device: str, device_id: int | None) -> None:
    import mindspore as ms

    # A process that has computed already can no longer choose, which matters only if it would choose something else.
    in_force = (ms.get_context("device_target"), ms.get_context("device_id"))
    if in_force == (device, in_force[1] if device_id is None else device_id):
        return
    try:
        ms.set_device(device) if device_id is None else ms.set_device(device, device_id)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(
            f"system.device_target: {device} cannot be used here ({str(error).splitlines()[0]}); "
            "choose CPU, or install the Ascend driver and toolkit"
        ) from None


def seed_everything(seed: int) -> None:
    """Fix the generators of Python, NumPy and MindSpore (initial weights, dropout). Samples have their own seeds."""
    import mindspore as ms

    random.seed(seed)
    np.random.seed(seed)
    ms.set_seed(seed)
    ms.manual_seed(seed)  # the generator of mint's operators, which set_seed leaves alone


class _TqdmHandler(logging.StreamHandler):
    """Writes log lines above a running progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=sys.stderr)


class _FileHandler(logging.FileHandler):
    """Goes on without the file when the disk is full, instead of a traceback for each line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the name is given
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def start_logging(folder: Path | None = None, rank: int = 0) -> None:
    """Log to stderr (rank 0 all, others warnings) and, where a folder is given, to ``folder/log_<rank>.txt``."""
    root = logging.getLogger("mindocr")
    root.setLevel(logging.INFO)
    root.propagate = False
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    screen = _TqdmHandler()
    screen.setLevel(logging.INFO if rank == 0 else logging.WARNING)
    screen.setFormatter(logging.Formatter("%(levelname).1s %(message)s"))
    root.addHandler(screen)
    if folder is not None:
        file = _FileHandler(folder / f"log_{rank}.txt", encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(message)s"))
        root.addHandler(file)


def prepare_output(folder: str | Path, need_bytes: int = 0, key: str = "the output folder") -> Path:
    """Make ``folder`` and show that it can be written, before any time is spent on the work.

    Args:
        need_bytes: free space that the work will take there.
        key: the configuration key or option that named the folder, for messages.

    Raises:
        UserError: it cannot be made or written, or the disk is too full.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write_test_{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"{key}: cannot write to '{folder}' ({error.strerror}); choose another folder or mend its permissions"
        ) from None
    free = shutil.disk_usage(folder).free
    if free < need_bytes:
        raise UserError(
            f"{key}: '{folder}' has {free / 2**20:.0f} MiB free, {need_bytes / 2**20:.0f} MiB are needed; "
            "free some space or choose another folder"
        )
    return folder
