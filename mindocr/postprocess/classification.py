"""From the probabilities of a classifier to the most probable class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.errors import ConfigError
from mindocr.formats.class_names import class_names
from mindocr.predictions.classification import Classification
from mindocr.registry import POSTPROCESSES


@POSTPROCESSES.register
class ClsPostprocess:
    """The class of the highest probability.

    Args:
        label_list: names of the classes, in the order of the network's outputs, or their number N: ``0`` to ``N - 1``.

    Raises:
        ConfigError: fewer than two names, or one that occurs twice.
    """

    reads: tuple[str, ...] = ("probs",)
    columns: tuple[str, ...] = ()
    gives = Classification

    def __init__(self, label_list: Sequence[str | int] | int = ("0", "180")) -> None:
        self.labels = class_names(label_list)
        if len(self.labels) < 2 or len(set(self.labels)) < len(self.labels):
            raise ConfigError(f"ClsPostprocess label_list {self.labels}: expected two or more different names")

    def __call__(self, probs: np.ndarray) -> list[Classification]:
        """Classify (N, C) float32 probabilities.

        Raises:
            ConfigError: C is not the number of names.
        """
        if probs.shape[1] != len(self.labels):
            raise ConfigError(
                f"the network has {probs.shape[1]} classes, but label_list has {len(self.labels)}: "
                f"{', '.join(self.labels)}; make model.head.num_classes and label_list agree"
            )
        best = probs.argmax(axis=1)
        return [Classification(self.labels[number], float(row[number])) for number, row in zip(best, probs)]
