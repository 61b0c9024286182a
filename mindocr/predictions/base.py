"""What a post-processing returns for an image. Everything that depends on the task hangs on this type."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np


class Prediction(ABC):
    """Result for one image. A task has a subclass of its own; engine, files and drawings use only these members.

    Attributes:
        kind: what a summary counts, plural, such as ``texts``.
        prefix: of the names of results files and drawn pictures.
        entries_key: key of :meth:`entries` in results files, and name of the file that an evaluation writes.
        report: name of the evaluation report for such predictions, of ``REPORTS``; empty where there is none.
        health_check: name of the class that explains a score of zero, of ``HEALTH_CHECKS``.
    """

    kind: ClassVar[str] = "results"
    prefix: ClassVar[str] = ""
    entries_key: ClassVar[str] = "result"
    report: ClassVar[str] = ""
    health_check: ClassVar[str] = "HealthCheck"

    def __len__(self) -> int:
        """Number of results in the image."""
        return 1

    @abstractmethod
    def to_json(self) -> Any:
        """The result in types that JSON knows, without loss; it travels between ranks in this form."""

    @classmethod
    @abstractmethod
    def from_json(cls, value: Any) -> Prediction:
        """The inverse of :meth:`to_json`."""

    @abstractmethod
    def entries(self) -> Any:
        """The result for results files: rounded, in types that JSON knows."""

    @abstractmethod
    def result_line(self, image: str) -> str:
        """One line of a results file, without its end."""

    @abstractmethod
    def draw(self, image: np.ndarray) -> np.ndarray:
        """The result on a copy of the image, (H, W, 3) uint8 RGB."""


def decode(postprocess: Any, outputs: Mapping[str, Sequence[np.ndarray]], batch: Mapping[str, Any]) -> list[Any]:
    """Predictions of a batch.

    Images whose outputs agree in shape are decoded in one call.

    Args:
        postprocess: see :mod:`mindocr.postprocess`.
        outputs: for each output name N arrays, as a runner gives them.
        batch: the columns that the post-processing takes, N values each.

    Returns:
        N predictions, in the order of the batch.
    """
    values = [outputs[name] for name in postprocess.reads]
    columns = [batch[name] for name in postprocess.columns]
    count = len(values[0])
    if all(len({np.shape(each) for each in output}) <= 1 for output in values):
        return postprocess(*map(np.stack, values), *map(np.asarray, columns)) if count else []
    one_by_one = (
        postprocess(*(np.asarray(v[i])[None] for v in values), *(np.asarray(c[i])[None] for c in columns))
        for i in range(count)
    )
    return [prediction for (prediction,) in one_by_one]


def write_predictions(predictions: Sequence[tuple[str, Prediction]], path: Path) -> None:
    """Write one result line for each (image, prediction)."""
    path.write_text("".join(found.result_line(image) + "\n" for image, found in predictions), encoding="utf-8")
