"""One text as it was read, for the report."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from mindocr.geometry import Polygon
from mindocr.metrics.alignment import Step, align
from mindocr.metrics.edit_distance import similarity
from mindocr.metrics.rec_metric import TextResult


@dataclass(frozen=True)
class Word:
    """A text of the ground truth and what was read.

    Attributes:
        image: its file.
        polygon: (K, 2), pixels (x, y) of the image; None if the text fills the image.
        truth, found: the texts, in the normal form NFC as the metric compares them.
        confidence: of what was read, in [0, 1].
        result: of the metric.
    """

    image: str
    polygon: Polygon | None
    truth: str
    found: str
    confidence: float
    result: TextResult

    @property
    def exact(self) -> bool:
        """Every character is right."""
        return self.truth == self.found

    @cached_property
    def similarity(self) -> float:
        """Of all characters without regard to case, those that the dictionary lacks too; in [0, 1]."""
        return similarity(self.truth.lower(), self.found.lower())

    @cached_property
    def steps(self) -> list[Step]:
        """The characters of both texts, aligned."""
        return align(self.truth, self.found)

    def runs(self) -> list[list[str]]:
        """The same with neighbouring equal characters put together: [text] for equal ones, [true, read] for others."""
        runs: list[list[str]] = []
        for same, group in groupby(self.steps, key=lambda step: step[0] == step[1]):
            own = list(group)
            runs += [["".join(true for true, _ in own)]] if same else [list(step) for step in own]
        return runs


def normal(text: str) -> str:
    """The normal form in which texts are compared."""
    return unicodedata.normalize("NFC", text)
