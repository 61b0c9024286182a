"""Signs that the labels of a file were made on images of another size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mindocr.inspection.images import ImageFacts
from mindocr.inspection.kinds import Problem
from mindocr.inspection.labels import Line

LEAST_IMAGES, LEAST_TEXTS = 5, 20  # fewer say nothing about a label file
UPPER_LEFT = 0.5  # share of width and height that no point exceeds if labels were made on smaller images
_OUTSIDE = 1.05  # share of width or height that a point must exceed; inexact labels are less far outside
_MARGIN = 0.5  # by which numbers may exceed the end of a normalised range


def scale_problems(lines: Sequence[Line], facts: Sequence[ImageFacts]) -> Iterator[Problem]:
    """Problems of the kind ``other_scale``, at most one for each label file, at its first line with texts."""
    files: dict[Path, list[int]] = defaultdict(list)
    for i, (line, fact) in enumerate(zip(lines, facts)):
        if fact.usable and line.texts and not line.shares:
            files[line.file].append(i)
    for numbers in files.values():
        texts = sum(len(lines[i].texts) for i in numbers)
        if len(numbers) >= LEAST_IMAGES and texts >= LEAST_TEXTS:
            farthest = np.array([_farthest(lines[i]) for i in numbers])
            detail = _sign(farthest, np.array([facts[i].size for i in numbers]), texts)
            if detail:
                yield Problem("other_scale", numbers[0], 0, detail)


def _farthest(line: Line) -> tuple[float, float]:
    """The largest x and y of the points of a line."""
    return (
        max(x for text in line.texts for x, _ in text["points"]),
        max(y for text in line.texts for _, y in text["points"]),
    )


def _sign(farthest: np.ndarray, sizes: np.ndarray, texts: int) -> str:
    """What is striking about the farthest points (N, 2) of images of ``sizes`` (N, 2), both (x, y); empty = nothing."""
    shares = farthest / sizes
    turned = (farthest <= sizes[:, ::-1]).all(axis=1)  # reported as labels_lie_on_side
    outside = (shares > _OUTSIDE).any(axis=1) & ~turned
    w, h = np.median(sizes, axis=0)
    if outside.sum() * 2 > len(sizes):
        factor = float(np.median(shares[outside].max(axis=1)))
        guess = f"the labels seem to be made on larger images, about {factor:.2g} times this size"
        if 900 < farthest.max() <= 1000 + _MARGIN:
            guess += ", or to be shares of 1000"
        return f"{outside.sum()} of {len(sizes)} images have points outside; a typical image is {w:g} x {h:g}: {guess}"
    x, y = shares.max(axis=0)
    if max(x, y) <= UPPER_LEFT:
        guess = "the labels seem to be made on smaller images"
        if 50 < farthest.max() <= 100 + _MARGIN:
            guess += ", or to be percentages of the image size"
        return (
            f"the {texts} texts of {len(sizes)} images are all within {x:.0%} of the width and {y:.0%} of the height: "
            f"{guess}"
        )
    return ""
