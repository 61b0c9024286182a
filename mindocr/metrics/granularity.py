"""Whether labels and a detector mean the same by "one text": words, or lines of several words.

A detector that finds lines scores low on labels of words, however well it works, and the other way round. The counts
here say how many texts are concerned. They need no threshold on a score and no matching one to one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from mindocr.geometry import Polygon, compare_many

COVERED = 0.5  # share of the area of a polygon that lies in another one, from which on it counts as inside
NOTABLE = 0.15  # share of the texts from which on a difference is worth a warning


@dataclass(frozen=True)
class Granularity:
    """Counts of labelled texts, those that are ignored left out. Each text is in exactly one of the first five.

    Attributes:
        hit: a box has an IoU above 0.5 with the text.
        joined: not hit, and it lies in a box that holds at least two texts.
        split: none of these, and at least two boxes lie in it.
        loose: none of these, and it lies in a box that is too large, or is covered by it in part.
        missed: none of these: no box covers half of it.
        boxes: boxes of the detector that hold at least one text or lie in one.
        joining_boxes: of these, boxes that hold at least two texts.
    """

    hit: int = 0
    joined: int = 0
    split: int = 0
    loose: int = 0
    missed: int = 0
    boxes: int = 0
    joining_boxes: int = 0

    @property
    def texts(self) -> int:
        """Texts that were counted."""
        return self.hit + self.joined + self.split + self.loose + self.missed

    def __add__(self, other: Granularity) -> Granularity:
        return Granularity(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def share(self, name: str) -> float:
        """A count of texts as a share of all texts, in [0, 1]; 0 without texts."""
        return float(getattr(self, name) / self.texts) if self.texts else 0.0

    @property
    def verdict(self) -> str:
        """``finer``: labels are finer than what is found, ``coarser``: the other way round; else ``same``."""
        finer, coarser = self.share("joined"), self.share("split")
        if max(finer, coarser) < NOTABLE:
            return "same"
        return "finer" if finer >= coarser else "coarser"

    def as_json(self) -> dict[str, int | str]:
        """The counts, ``texts`` and ``verdict``."""
        return {**asdict(self), "texts": self.texts, "verdict": self.verdict}

    def describe(self) -> str:
        """The counts in one sentence."""
        return (
            f"of {self.texts} texts {self.hit} are hit, {self.joined} lie in a box that holds at least 2 texts, "
            f"{self.split} are found in several boxes, {self.loose} are covered loosely, {self.missed} are missed; "
            f"{self.joining_boxes} of {self.boxes} boxes hold at least 2 texts"
        )

    def advice(self) -> str:
        """What the difference means, one sentence; empty where there is none."""
        if self.verdict == "finer":
            return (
                f"the labels are finer than what the network finds, such as words and lines: "
                f"{self.share('joined'):.0%} of the texts share a box with others; training moves the "
                "network to your labels, and a low score before it does not mean that the network misses texts"
            )
        if self.verdict == "coarser":
            return (
                f"the labels are coarser than what the network finds, such as lines and words: "
                f"{self.share('split'):.0%} of the texts are found in several boxes; training moves the "
                "network to your labels, which takes longer where the gaps are wide"
            )
        return ""


def compare_image(
    truth: Sequence[Polygon], ignore: Sequence[bool] | np.ndarray, found: Sequence[Polygon]
) -> Granularity:
    """Counts of one image.

    Args:
        truth: N labelled polygons (K_i, 2), pixels.
        ignore: (N,) True = ignored; such a text counts neither for itself nor in a box.
        found: M polygons of the detector, in the same pixels.

    Raises:
        ValueError: a coordinate is not finite.
    """
    kept = [poly for poly, ignored in zip(truth, ignore) if not ignored]
    if not kept:
        return Granularity()
    if not len(found):
        return Granularity(missed=len(kept))
    (overlap,) = compare_many([(kept, found)])
    inner = overlap.intersection
    of_text = inner / np.maximum(overlap.areas_a, 1e-9)[:, None]
    of_box = inner / np.maximum(overlap.areas_b, 1e-9)[None, :]
    in_box, in_text = of_text >= COVERED, of_box >= COVERED
    held = in_box.sum(0)  # texts in each box
    hit = (overlap.iou > COVERED).any(1)
    joined = ~hit & (in_box & (held >= 2)).any(1)
    split = ~hit & ~joined & (in_text.sum(1) >= 2)
    loose = ~hit & ~joined & ~split & in_box.any(1)
    missed = ~(hit | joined | split | loose)
    boxes = (held > 0) | in_text.any(0)
    return Granularity(*(int(each.sum()) for each in (hit, joined, split, loose, missed, boxes, held >= 2)))


def compare_images(
    images: Iterable[tuple[Sequence[Polygon], Sequence[bool] | np.ndarray, Sequence[Polygon]]],
) -> Granularity:
    """Sum of the counts of :func:`compare_image` over images, each with its arguments."""
    total = Granularity()
    for truth, ignore, found in images:
        total += compare_image(truth, ignore, found)
    return total
