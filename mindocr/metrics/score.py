"""Metric scores of results in files, with confidence intervals over the choice of images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from mindocr.errors import ConfigError, DataError
from mindocr.geometry import Polygon
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.matching import ImageResult, MatchingProtocol, f_score
from mindocr.utils.parallel import processes_for

LEVEL = 0.95
RESAMPLES = 2000
WORTH_A_PROCESS = 4000  # images; fewer are evaluated before another process has started
_BLOCK = 4_000_000  # random numbers in memory at a time


class Side(Protocol):
    """Polygons (K_i, 2) of one image in pixels; for each one flag, True = do not care, and its text if it is known."""

    @property
    def polys(self) -> Sequence[Polygon]: ...

    @property
    def ignore(self) -> Sequence[bool]: ...

    @property
    def texts(self) -> Sequence[str] | None: ...


class Pair(Protocol):
    """One image: its name, its ground truth and its detections."""

    @property
    def image(self) -> str: ...

    @property
    def truth(self) -> Side: ...

    @property
    def found(self) -> Side: ...


@dataclass(frozen=True)
class Score:
    """Metric scores of one set of results.

    Attributes:
        protocol: name of the protocol.
        recall, precision, f_score: in [0, 1], from counts summed over all images.
        counts: those sums, by name.
        interval: for each name of a metric score, its lower and upper bound in 95 % of the resamples.
        more: metric scores that only some protocols have.
        missing: images without results, counted as images without detections.
    """

    protocol: str
    recall: float
    precision: float
    f_score: float
    counts: dict[str, float]
    interval: dict[str, tuple[float, float]]
    more: dict[str, float] = field(default_factory=dict)
    missing: Sequence[str] = ()

    def as_json(self) -> str:
        """The content of a JSON file; the f-score is called ``hmean`` there, as in the benchmarks' own files."""
        interval = {name.replace("f_score", "hmean"): bounds for name, bounds in self.interval.items()}
        content = {
            "protocol": self.protocol,
            "precision": self.precision,
            "recall": self.recall,
            "hmean": self.f_score,
            **self.more,
            "counts": self.counts,
            "interval": {"level": LEVEL, "resamples": RESAMPLES, **interval},
            "missing": list(self.missing),
        }
        return json.dumps(content, indent=2) + "\n"

    def __str__(self) -> str:
        rows = [f"{self.protocol}: {', '.join(f'{value:g} {name}' for name, value in self.counts.items())}"]
        for name, shown in (("recall", "recall"), ("precision", "precision"), ("f_score", "f-score")):
            low, high = self.interval[name]
            rows.append(f"{shown:<10} {getattr(self, name):.6f}  ({LEVEL:.0%} interval {low:.4f} to {high:.4f})")
        rows += [f"{name.replace('_', ' ')} {value:.6f}" for name, value in self.more.items()]
        if self.missing:
            few = f"{', '.join(self.missing[:3])}{', ...' if len(self.missing) > 3 else ''}"
            rows.append(
                f"note: {len(self.missing)} images without results, counted as images without detections: {few}"
            )
        return "\n".join(rows)


def make_metric(protocol: str, words: Sequence[str] = ()) -> DetMetric:
    """Build a metric from words ``key=value`` of a command line.

    Raises:
        ConfigError: unknown protocol or argument, or a word without ``=``.
    """
    for word in words:
        if "=" not in word:
            raise ConfigError(f"--protocol_args: expected KEY=VALUE such as rule=icdar2013, got '{word}'")
    return DetMetric(protocol=protocol, protocol_args=dict(word.split("=", 1) for word in words))


def score(
    pairs: Sequence[Pair], missing: Sequence[str], metric: DetMetric, seed: int = 0, workers: int | None = None
) -> Score:
    """Evaluate images and compute the metric scores.

    Args:
        pairs: the images.
        missing: names of the images without results, which the result lists.
        metric: the metric; it is reset first.
        seed: random seed of the resamples for the intervals.
        workers: processes that evaluate images; None = depends on the number of images. The scores are the same.

    Raises:
        ConfigError: fewer than one process.
        DataError: polygons that the protocol does not accept; the message names the image.
    """
    workers = processes_for(len(pairs), workers, WORTH_A_PROCESS)
    metric.reset()
    images = [
        (pair.found.polys, pair.truth.polys, pair.truth.ignore, pair.found.texts, pair.truth.texts) for pair in pairs
    ]
    try:
        metric.update_many(images, workers)
    except DataError:
        for pair, image in zip(pairs, images):  # one by one, to name the image
            try:
                metric.update(*image)
            except DataError as error:
                raise DataError(f"image {pair.image}: {error}") from None
    total = metric.result()
    return Score(
        metric.protocol_name,
        total["recall"],
        total["precision"],
        total["f-score"],
        total["counts"],
        bootstrap(metric.images, metric.protocol, seed),
        metric.protocol.more_scores(metric.images),
        missing,
    )


def bootstrap(images: Sequence[ImageResult], protocol: MatchingProtocol, seed: int) -> dict[str, tuple[float, float]]:
    """95 % intervals of recall, precision and f-score, from sets of the same size drawn with replacement.

    They show how much a metric score depends on the choice of the images, not on the training run.

    Returns:
        (2.5th, 97.5th percentile) of :data:`RESAMPLES` draws, by ``recall``, ``precision``, ``f_score``.
    """
    count = len(images)
    if not count:
        return dict.fromkeys(("recall", "precision", "f_score"), (0.0, 0.0))
    counts = np.array([[image.counts[name] for name in protocol.count_names] for image in images], dtype=np.float64)
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK // count)
    sums = np.concatenate([
        rng.multinomial(count, np.full(count, 1 / count), size=min(block, RESAMPLES - done)) @ counts
        for done in range(0, RESAMPLES, block)
    ])  # fmt: skip
    recall, precision = protocol.score(dict(zip(protocol.count_names, sums.T)))
    tail = 100 * (1 - LEVEL) / 2
    return {
        name: (float(np.percentile(values, tail)), float(np.percentile(values, 100 - tail)))
        for name, values in (("recall", recall), ("precision", precision), ("f_score", f_score(recall, precision)))
    }
