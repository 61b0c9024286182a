"""Mean features of each class of a trained recogniser, from which the center loss of Enhanced CTC starts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mindocr.config import Config
from mindocr.data.loading.loader import Loader
from mindocr.engine.runtime import build, process
from mindocr.errors import ConfigError, UserError
from mindocr.formats.class_centers import SUFFIX, ClassCenters, hash_of, write_centers
from mindocr.formats.dictionary import TextClasses
from mindocr.inference import dictionary
from mindocr.losses.ctc_alignment import BLANK
from mindocr.models.network_runner import NetworkRunner
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)

_LABELS = ("text_seq", "text_length")


class CenterSums:
    """Adds up the features of the time steps of lines that are read right.

    Args:
        classes: number of classes, the blank (class 0) included.

    Attributes:
        counts: (C,) int64, time steps of each class.
        read, right: lines so far, and those of them that were read right.
    """

    def __init__(self, classes: int) -> None:
        self.counts = np.zeros(classes, np.int64)
        self.read = self.right = 0
        self._sums: np.ndarray | None = None

    def add(self, logits: np.ndarray, features: np.ndarray, text: Sequence[int]) -> None:
        """Add a line if it is read right.

        Args:
            logits: (T, C); the class of a time step has the largest one.
            features: (T, F).
            text: classes of its characters.
        """
        found = logits.argmax(axis=1)
        self.read += 1
        changes = np.concatenate([[True], found[1:] != found[:-1]])
        if not np.array_equal(found[changes & (found != BLANK)], np.asarray(text)):
            return
        self.right += 1
        if self._sums is None:
            self._sums = np.zeros((len(self.counts), features.shape[1]))
        np.add.at(self._sums, found, features.astype(np.float64))
        np.add.at(self.counts, found, 1)

    def centers(self) -> np.ndarray:
        """(C, F) float32, the means; 0 for classes without a time step.

        Raises:
            UserError: no line was read right.
        """
        if self._sums is None:
            raise UserError(
                f"none of {self.read} lines is read right, so no class has a center; train the recogniser longer, or "
                "name its checkpoint and its dictionary"
            )
        return (self._sums / np.maximum(self.counts, 1)[:, None]).astype(np.float32)


@dataclass(frozen=True)
class Exported:
    """Result of an export.

    Attributes:
        path: the file.
        counts: (C,) time steps of each class, class 0 = the blank.
        read, right: lines, and those of them that were read right.
    """

    path: Path
    counts: np.ndarray
    read: int
    right: int

    def summary(self) -> str:
        """What the file holds, in two lines."""
        characters, known = len(self.counts) - 1, int((self.counts[1:] > 0).sum())
        steps = int(self.counts[1:].sum())
        return (
            f"{self.path}: centers of {known} of {characters} characters from {steps} time steps of characters, and of "
            f"the blank from {int(self.counts[BLANK])}\n"
            f"{self.right} of {self.read} lines were read right and counted; the {characters - known} characters "
            "without a center take no part in the center loss"
        )


def run(config: Config, output: Path) -> Exported:
    """Read the training data with a trained recogniser, and write the mean features of each class.

    The lines go through the pipeline of ``train.dataset``, in the order of the data set and with its random ops; random
    numbers of the first epoch are used. Labels that cannot be encoded are treated as ``on_error`` says.

    Args:
        config: its ``eval.ckpt_load_path`` names the checkpoint.
        output: file to write, ``.npz``.

    Raises:
        UserError: a mistake in the configuration, no center, or a file that cannot be written.
    """
    if output.suffix != SUFFIX:
        raise UserError(f"--output: '{output}' must end in {SUFFIX}")
    ckpt = None if config.eval is None else config.eval.ckpt_load_path
    if not ckpt:
        raise ConfigError("eval.ckpt_load_path: required to export centers; name the checkpoint of a recogniser")
    config = dictionary.complete(config, ckpt, "eval.ckpt_load_path")
    classes = _classes(config)
    section = config.train.loader
    process.start(config.system.model_copy(update={"distribute": False}))
    runner = NetworkRunner(_network(config, ckpt), training_outputs=True)
    dataset = build.training_dataset(config)
    sums = CenterSums(len(classes))
    loader = Loader(
        dataset, batch_size=section.batch_size, seed=config.system.seed, num_workers=section.num_workers,
        prefetch=section.prefetch,
    )  # fmt: skip
    with closing(loader):
        for batch in progress(loader.epoch(1), "read", "batch", len(loader)):
            outputs = runner(batch["image"])
            for i, (sequence, length) in enumerate(zip(*(batch[name] for name in _LABELS))):
                sums.add(outputs["logits"][i], outputs["features"][i], sequence[: int(length)])
    found = ClassCenters(sums.centers(), sums.counts, hash_of(classes))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_centers(output, found)
    except OSError as error:
        raise UserError(f"--output: cannot write '{output}': {error.strerror or error}") from None
    return Exported(output, sums.counts, sums.read, sums.right)


def _classes(config: Config) -> list[str]:
    section = config.postprocess or {}
    if section.get("characters") is None:
        raise ConfigError("postprocess: centers belong to a dictionary; use the post-processing CTCDecode")
    return TextClasses(section["characters"], None, section.get("use_space_char", True)).classes


def _network(config: Config, ckpt: str) -> object:
    """The network that evaluation uses, with a head that returns its features."""
    values = config.model_dump()
    model = values["model"]
    part = model["networks"][model["use"]] if model.get("networks") else model
    part["head"] = {**part["head"], "features": True}
    columns = config.train.dataset.get("output_columns") or []
    if missing := [name for name in ("image", *_LABELS) if name not in columns]:
        raise ConfigError(f"train.dataset.output_columns: lacks {', '.join(missing)}, which centers are computed from")
    return build.network(Config.model_validate(values), training=False, ckpt=ckpt)
