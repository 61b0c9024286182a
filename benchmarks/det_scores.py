"""The f-score of detections on photographs, with the counts of each photograph, for comparisons of several programs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.formats.benchmarks import read_pairs
from mindocr.metrics.score import make_metric, score
from mindocr.report.compare import scores_of
from mindocr.report.paired import Difference, paired_differences

PROTOCOL = "icdar2015"


def f_score(found: Iterable[tuple[str, Sequence[np.ndarray], Sequence[float]]], gt: Path) -> tuple[float, np.ndarray]:
    """Compare with ground truth.

    Args:
        found: (file name, polygons (N, 2) in pixels of the photograph, their scores) of each photograph.
        gt: ground truth in a form that ``mindocr score`` reads.

    Returns:
        The f-score of the photographs in ``found``, and the counts of each, (photographs, counts).
    """
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "found.jsonl"
        with results.open("w", encoding="utf-8") as file:
            for name, polygons, scores in found:
                line = {"image": Path(name).stem, "polygons": [poly.tolist() for poly in polygons], "scores": scores}
                file.write(json.dumps(line) + "\n")
        metric = make_metric(PROTOCOL)
        pairs, _ = read_pairs(gt, results, {"gt": PROTOCOL, "det": PROTOCOL}, with_texts=False)
    value = score([pair for pair in pairs if pair.found.where], [], metric).f_score
    names = metric.protocol.count_names
    return value, np.array([[image.counts[name] for name in names] for image in metric.images])


def difference(first: np.ndarray, second: np.ndarray) -> Difference:
    """Both f-scores and their difference with its 95 % interval (a paired bootstrap over photographs), from counts."""
    protocol: Any = make_metric(PROTOCOL).protocol
    return paired_differences(first, second, partial(scores_of, protocol=protocol))[0]
