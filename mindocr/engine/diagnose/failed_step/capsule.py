"""Capsules: folders that hold everything needed to repeat one training step.

``capsules/step_<n>/`` holds ``capsule.json`` (position in the run, loss, gradient norms), ``batch.npz`` (the exact
inputs of the step), ``weights.ckpt`` (the network before the step) and ``config.yaml``.
"""

from __future__ import annotations

import json
import logging
import shutil
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np

from mindocr.config import Config, save_config
from mindocr.data.loading.loader import Batch, Loader
from mindocr.engine.diagnose.failed_step import layer_trace
from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train import checkpoints
from mindocr.engine.train.observers import FailureEvent, Observer
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.step import TrainStep
from mindocr.engine.train.step_inputs import StepOutcome
from mindocr.errors import DataError, StorageError
from mindocr.utils import files

logger = logging.getLogger(__name__)

FOLDER = "capsules"
KEPT = 4
# While a loss scale is adapted, it drops one or two updates; a tenth and a hundredth show that something else is wrong.
RECORDED_DROPS = (1, 10, 100)
MAX_BYTES = 2**31
ABOUT, BATCH, WEIGHTS, CONFIG = "capsule.json", "batch.npz", "weights.ckpt", "config.yaml"
PREPARED = "network_input"
_DAMAGE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error
)  # fmt: skip
_NUMBERS = ("step", "epoch", "batch", "loss", "terms", "norm", "loss_scale", "learning_rate")


@dataclass(frozen=True)
class Capsule:
    """A capsule that was read from its folder.

    Attributes:
        path: its folder.
        about: step, epoch, batch, loss, terms, norm, loss_scale, learning_rate, amp_level, images, norms, and more.
        columns: the step's inputs by name, the image batch first, (N, ...) each; and ``network_input`` where the step
            prepares the images on the device.
    """

    path: Path
    about: Mapping[str, Any]
    columns: Mapping[str, np.ndarray]

    @property
    def images(self) -> list[str]:
        """Files of the batch's images, in its order."""
        return list(self.about["images"])

    @property
    def network_input(self) -> np.ndarray:
        """Input of the network, (N, 3, H, W): the images of the batch, unless the step prepares them on the device."""
        return _network_input(self.columns)

    @property
    def config(self) -> Path:
        """The run's configuration."""
        return self.path / CONFIG

    @property
    def weights(self) -> Path:
        """The network's weights before the step."""
        return self.path / WEIGHTS


class Recorder(Observer):
    """Writes capsules for one run on one rank: of the step that stops the run, and of a few dropped updates.

    Args:
        folder: of the run; capsules are written below it.
        schedule: learning rate of each update.
    """

    def __init__(
        self, config: Config, place: Runtime, folder: Path, loader: Loader, step: TrainStep, columns: Sequence[str],
        schedule: np.ndarray,
    ) -> None:  # fmt: skip
        self.config, self.place, self.folder = config, place, folder / FOLDER
        self.loader, self.step, self.columns, self.schedule = loader, step, tuple(columns), schedule
        self._scale = float(config.loss_scaler.loss_scale)

    def on_step_begin(self, at: Progress) -> None:
        """Record what the next step may change: a dynamic loss scale."""
        if self.step.loss_scale.dynamic:
            self._scale = float(self.step.loss_scale.scale.asnumpy())

    def on_failure(self, event: FailureEvent) -> str | None:
        """Write a capsule (of dropped updates only the 1st, 10th and 100th); returns the command that replays it."""
        if event.dropped and event.number not in RECORDED_DROPS:
            return None
        path = self.record(event.at, event.outcome, event.batch, dropped=event.dropped)
        return None if path is None else f"'mindocr replay {path}' names layer, loss term and image"

    def record(self, at: Progress, outcome: StepOutcome, batch: Batch | None, *, dropped: bool) -> Path | None:
        """Write the capsule of the last step; if that fails, log a warning and return None.

        Args:
            batch: of the step; None = the device took it from its queue, so it is loaded again.
            dropped: the run continues, and only the update is dropped.
        """
        name = f"step_{at.steps:06d}" + (f"_rank{self.place.rank}" if self.place.rank else "")
        try:
            columns, images = self._inputs(at, batch)
            self._check_room(columns)
            about = self._describe(at, outcome, columns, images, dropped)
            if self.place.rank and not _is_culprit(about):
                return None  # another rank's batch overflowed, and that rank writes the capsule
            return self._write(name, columns, about)
        except (OSError, StorageError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0]
            logger.warning("no capsule of step %d could be written to %s: %s", at.steps, self.folder, reason)
            return None

    def _inputs(self, at: Progress, batch: Batch | None) -> tuple[dict[str, np.ndarray], list[str]]:
        if batch is None:
            batches: Any = self.loader.epoch(at.epoch, at.batch - 1)
            with closing(batches):
                batch = next(batches)
        columns = {name: np.asarray(batch[name]) for name in self.columns}
        if self.step.forward.prepare is not None:
            with layer_trace.at_rest(self.step.network):
                columns[PREPARED] = self.step.forward.prepare(ms.Tensor(columns[self.columns[0]])).asnumpy()
        return columns, list(batch["img_path"])

    def _check_room(self, columns: Mapping[str, np.ndarray]) -> None:
        need = sum(values.nbytes for values in columns.values()) + checkpoints.size_of(self.step.network)
        if need > MAX_BYTES:
            raise StorageError(f"it would need {need / 2**20:.0f} MiB, more than {MAX_BYTES / 2**20:.0f}")
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if free < need:
            raise StorageError(f"it needs up to {need / 2**20:.0f} MiB, and {free / 2**20:.0f} MiB are free")

    def _describe(
        self, at: Progress, outcome: StepOutcome, columns: Mapping[str, np.ndarray], images: list[str], dropped: bool
    ) -> dict[str, Any]:
        names = self.step.forward.loss.term_names
        norms = self._norms(columns)
        return {
            "step": at.steps, "epoch": at.epoch, "batch": at.batch, "dropped": dropped,
            "loss": _plain(outcome.loss), "terms": dict(zip(names, map(_plain, outcome.terms))),
            "norm": _plain(outcome.norm), "loss_scale": self._scale,
            "learning_rate": float(self.schedule[min(at.updates, len(self.schedule) - 1)]),
            "amp_level": self.config.system.amp_level, "mindspore": ms.__version__, "device": self.place.device,
            "rank": self.place.rank, "ranks": self.place.world, "accumulation": self.step.accumulation_steps,
            "columns": list(columns), "images": images, "norms": {name: _plain(norm) for name, norm in norms.items()},
        }  # fmt: skip

    def _norms(self, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Norm of each weight's gradient on this batch; empty where it cannot be computed again."""
        step = self.step
        if self.config.system.sync_batch_norm and self.place.world > 1:
            return {}  # it would wait for ranks that may have continued
        image = _network_input(columns)
        labels = [columns[name] for name in step.forward.loss.labels]
        read = [columns[name] for name in getattr(step.network, "inputs", ())[1:]]
        try:
            with layer_trace.at_rest(step.network):
                return layer_trace.gradients(
                    step.network, step.forward.loss, step.weights, image, labels, self._scale, read=read
                ).norms
        except RuntimeError as error:
            logger.warning("the gradients of the failed step cannot be computed again: %s", str(error).strip())
            return {}

    def _write(self, name: str, columns: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> Path:
        path = self.folder / name
        files.remove_parts(self.folder, name)  # left by a run that was killed here and then resumed
        with files.replacing(path) as partial:
            partial.mkdir()
            np.savez_compressed(partial / BATCH, **columns)
            checkpoints.save(self.step.network.get_parameters(), partial / WEIGHTS)
            save_config(self.config, partial / CONFIG)
            (partial / ABOUT).write_text(json.dumps(about, indent=1, allow_nan=False) + "\n", encoding="utf-8")
            shutil.rmtree(path, ignore_errors=True)  # left by a run that was resumed and has failed here again
        old = sorted((p for p in self.folder.glob("step_*") if p != path), key=lambda p: p.stat().st_mtime_ns)
        for extra in old[: max(0, len(old) + 1 - KEPT * self.place.world)]:
            shutil.rmtree(extra, ignore_errors=True)
        return path


def _network_input(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """The input that the step prepared, or else the first column."""
    return columns.get(PREPARED, next(iter(columns.values())))


def _is_culprit(about: Mapping[str, Any]) -> bool:
    numbers = [about["loss"], *about["terms"].values(), *about["norms"].values()]
    return any(isinstance(number, str) for number in numbers)


def _plain(number: float) -> float | str:
    """A number for JSON, which has no infinity or NaN: these become text that ``float`` can read."""
    return float(number) if np.isfinite(number) else str(float(number))


def read(path: str | Path) -> Capsule:
    """Read a capsule.

    Raises:
        DataError: there is no capsule, or it is damaged; the message names the file.
    """
    path = Path(path)
    if not (path / ABOUT).is_file():
        raise DataError(
            f"{path}: no capsule; expected a folder with {ABOUT}, such as CKPT_SAVE_DIR/{FOLDER}/step_000012"
        )
    try:
        about = _numbers(json.loads((path / ABOUT).read_text(encoding="utf-8")))
        with np.load(path / BATCH, allow_pickle=False) as arrays:
            columns = {name: arrays[name] for name in about["columns"]}
        sizes = {len(values) for values in columns.values()} | {len(about["images"])}
        if len(sizes) != 1 or not columns:
            raise ValueError(f"{sorted(sizes)} images in its parts")
    except _DAMAGE as error:
        raise DataError(
            f"{path}: a damaged capsule ({type(error).__name__}: {error}); copy the whole folder again, with "
            f"{ABOUT}, {BATCH}, {WEIGHTS} and {CONFIG}"
        ) from None
    return Capsule(path, about, columns)


def _numbers(about: dict[str, Any]) -> dict[str, Any]:
    """``about`` with the numbers that JSON stores as text converted back."""
    values = {key: about[key] for key in (*_NUMBERS, "images", "columns", "amp_level", "norms")}
    for key, value in values.items():
        if key in ("terms", "norms"):
            values[key] = {name: float(number) for name, number in value.items()}
        elif key in _NUMBERS:
            values[key] = float(value) if key in ("loss", "norm", "loss_scale", "learning_rate") else int(value)
    return {**about, **values}
