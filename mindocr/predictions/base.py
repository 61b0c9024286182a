"""Base class of the results that a post-processing returns. All that depends on the task is in its subclasses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

AGREEING = 1e-3  # difference of numbers, such as confidences, that rounding in another program explains


class Prediction(ABC):
    """Result for one image. Each task has a subclass; the engine, results files and pictures use only these members.

    Attributes:
        kind: plural noun for the results in a summary, such as ``texts``.
        prefix: prefix of the names of results files and pictures.
        entries_key: key of :meth:`entries` in results files, and name of the file that an evaluation writes.
        report: name in ``REPORTS`` of the evaluation report for such predictions; empty if there is none.
        health_check: name in ``HEALTH_CHECKS`` of the class that explains a metric score of zero.
        metric: name in ``METRICS`` of the usual metric; empty if there is none.
        place: names of the columns, besides the image, that say what was looked at; an evaluation keeps them.
    """

    kind: ClassVar[str] = "results"
    prefix: ClassVar[str] = ""
    entries_key: ClassVar[str] = "result"
    report: ClassVar[str] = ""
    health_check: ClassVar[str] = "HealthCheck"
    metric: ClassVar[str] = ""
    place: ClassVar[tuple[str, ...]] = ()

    def __len__(self) -> int:
        """Number of results in the image."""
        return 1

    @abstractmethod
    def to_json(self) -> Any:
        """The result in types of JSON, without loss; ranks exchange results in this form."""

    @classmethod
    @abstractmethod
    def from_json(cls, value: Any) -> Prediction:
        """The inverse of :meth:`to_json`."""

    def disagreement(self, other: Prediction) -> str:
        """How the result of another program for the same image differs; empty if the two agree.

        Numbers agree within ``AGREEING``, or that share of a larger number; everything else must be equal.

        Args:
            other: of the same class.
        """
        return _difference(self.to_json(), other.to_json(), self.entries_key)

    @abstractmethod
    def entries(self) -> Any:
        """The result for results files: rounded, in types of JSON."""

    @abstractmethod
    def result_line(self, image: str) -> str:
        """One line of a results file, without the line break."""

    @abstractmethod
    def draw(self, image: np.ndarray) -> np.ndarray:
        """Draw the result on a copy of the image, (H, W, 3) uint8 RGB."""


def decode(postprocess: Any, outputs: Mapping[str, Sequence[np.ndarray]], batch: Mapping[str, Any]) -> list[Any]:
    """Compute the predictions of a batch from the network's outputs.

    If all images have outputs of the same shape, they are decoded in one call, otherwise one by one.

    Args:
        postprocess: see :mod:`mindocr.postprocess`.
        outputs: for each output name N arrays, as a runner returns them.
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


def decode_one(postprocess: Any, outputs: Mapping[str, np.ndarray], columns: Mapping[str, Any]) -> Any:
    """The prediction of one image, from outputs and columns without the batch axis."""
    batch = {name: [columns[name]] for name in postprocess.columns}
    return decode(postprocess, {name: [outputs[name]] for name in postprocess.reads}, batch)[0]


def write_predictions(predictions: Sequence[tuple[str, Prediction]], path: Path) -> None:
    """Write one result line for each (image, prediction)."""
    path.write_text("".join(found.result_line(image) + "\n" for image, found in predictions), encoding="utf-8")


def _difference(a: Any, b: Any, where: str) -> str:
    """The first difference between two values of types of JSON; empty if there is none."""
    if isinstance(a, Mapping) and isinstance(b, Mapping) and a.keys() == b.keys():
        return next(filter(None, (_difference(a[key], b[key], f"{where}.{key}") for key in a)), "")
    if isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        return next(filter(None, (_difference(x, y, f"{where}[{i}]") for i, (x, y) in enumerate(zip(a, b)))), "")
    if isinstance(a, float | int) and isinstance(b, float | int):
        return "" if abs(a - b) <= AGREEING * max(1.0, abs(a)) else f"{where}: {a:.6g} became {b:.6g}"
    return "" if a == b else f"{where}: {a!r} became {b!r}"
