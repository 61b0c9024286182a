"""Other settings of the post-processing, evaluated on the same maps while the report collects its images.

A remedy on the page states what such a setting gave on the evaluated images; nothing is predicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mindocr.geometry import Polygon, compare_many
from mindocr.metrics.matching import Image, MatchingProtocol, f_score
from mindocr.predictions.base import decode_one
from mindocr.registry import POSTPROCESSES

STEPS: dict[str, tuple[float, ...]] = {
    "binary_thresh": (-0.1, 0.1, 0.2), "expand_ratio": (-0.4, -0.2, 0.2, 0.4), "min_size": (2, 4),
    "score_thresh": (-0.3, -0.2, -0.1, 0.1), "max_gap": (-32, -16, 16, 32), "min_overlap": (-0.2, -0.1, 0.1),
}  # fmt: skip
OTHER: dict[str, dict[Any, Any]] = {
    "box_type": {"quad": "poly", "poly": "quad"}, "oriented": {False: True, True: False},
}  # fmt: skip
LOWEST, HIGHEST = (
    0.05,
    {"binary_thresh": 0.95, "score_thresh": 0.95, "min_overlap": 0.95},
)  # range of the values that are tried; the others have no highest value


class Trial(NamedTuple):
    """One other value, and the metric scores with it on all images, in [0, 1]."""

    key: str
    value: Any
    recall: float
    precision: float
    f_score: float


class Trials:
    """Evaluates images with other values of single settings.

    Args:
        postprocess: the ``postprocess`` section of the configuration.
        built: the post-processing that it describes, with the values of the settings.
        protocol: evaluates the detections.
    """

    def __init__(self, postprocess: Mapping[str, Any], built: Any, protocol: MatchingProtocol) -> None:
        self._protocol = protocol
        self._words = settings_to_try(built)
        self._made = [POSTPROCESSES.build({**postprocess, key: value}) for key, value in self._words]
        self._counts = [dict.fromkeys(protocol.count_names, 0.0) for _ in self._words]

    def add(
        self, outputs: Mapping[str, np.ndarray], columns: Mapping[str, Any], truth: Sequence[Polygon],
        ignore: np.ndarray,
    ) -> None:  # fmt: skip
        """Evaluate one image.

        Args:
            outputs: of the network by name, without the batch axis.
            columns: those that the post-processing takes, such as ``shape_list``.
            truth, ignore: the ground truth, as in :class:`mindocr.metrics.matching.Image`.
        """
        found = [decode_one(make, outputs, columns).polys for make in self._made]
        images = [Image(truth, ignore, polys) for polys in found]
        overlaps = compare_many([(image.truth, image.found) for image in images], self._protocol.repair)
        for image, overlap, counts in zip(images, overlaps, self._counts):
            for name, number in self._protocol.judge(image, overlap).counts.items():
                counts[name] += number

    def results(self) -> list[Trial]:
        """One entry for each value that was tried."""
        rows = []
        for (key, value), counts in zip(self._words, self._counts):
            recall, precision = map(float, self._protocol.score(counts))
            rows.append(Trial(key, value, recall, precision, float(f_score(recall, precision))))
        return rows


def settings_to_try(built: Any) -> list[tuple[str, Any]]:
    """Other values of the settings that a post-processing has: some above and below its own, and the other choice."""
    words: list[tuple[str, Any]] = []
    for key, steps in STEPS.items():
        own = getattr(built, key, None)
        if isinstance(own, int | float) and not (key == "expand_ratio" and getattr(built, "expand_by_height", None)):
            values = [round(own + step, 4) for step in steps]
            words += [(key, value) for value in values if LOWEST <= value <= HIGHEST.get(key, np.inf)]
    for key, others in OTHER.items():
        if (other := others.get(getattr(built, key, ""))) is not None:
            words.append((key, other))
    return words
