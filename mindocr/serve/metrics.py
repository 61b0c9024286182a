"""Numbers of the service in Prometheus' text format, version 0.0.4.

A counter or histogram may be changed by any thread.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metric(Protocol):
    """Something that has lines in the text."""

    def lines(self) -> Iterator[str]: ...


class Counter:
    """A number that grows, for each combination of labels.

    Args:
        name: ends with ``_total``.
        meaning: one sentence.
        labels: names of the labels.
    """

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        self._name, self._meaning, self._labels = name, meaning, tuple(labels)
        self._values: dict[tuple[str, ...], float] = {} if labels else {(): 0}
        self._lock = threading.Lock()

    def add(self, *labels: object, by: float = 1) -> None:
        """Add ``by`` to the number of these label values."""
        key = tuple(map(str, labels))
        with self._lock:
            self._values[key] = self._values.get(key, 0) + by

    def lines(self) -> Iterator[str]:
        """The lines of this metric."""
        with self._lock:
            values = sorted(self._values.items())
        yield from _head(self._name, self._meaning, "counter")
        for key, value in values:
            yield f"{self._name}{_labelled(zip(self._labels, key))} {_number(value)}"


class Gauge:
    """A number that is read when the text is written.

    Args:
        name: of the metric.
        meaning: one sentence.
        read: returns the number.
        labels: (name, value) pairs.
    """

    def __init__(
        self, name: str, meaning: str, read: Callable[[], float], labels: Sequence[tuple[str, str]] = ()
    ) -> None:
        self._name, self._meaning, self._read, self._labels = name, meaning, read, labels

    def lines(self) -> Iterator[str]:
        """The lines of this metric."""
        yield from _head(self._name, self._meaning, "gauge")
        yield f"{self._name}{_labelled(self._labels)} {_number(self._read())}"


class Histogram:
    """How many values lie below bounds, their sum and their number.

    Args:
        name: of the metric, with its unit.
        meaning: one sentence.
        bounds: upper bounds, ascending; the last one, infinity, is added.
    """

    def __init__(self, name: str, meaning: str, bounds: Sequence[float] = SECONDS) -> None:
        self._name, self._meaning, self._bounds = name, meaning, tuple(bounds)
        self._counts, self._sum = [0] * (len(bounds) + 1), 0.0
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """Count a value."""
        with self._lock:
            self._counts[bisect_left(self._bounds, value)] += 1  # a value equal to a bound lies below it
            self._sum += value

    def lines(self) -> Iterator[str]:
        """The lines of this metric."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        yield from _head(self._name, self._meaning, "histogram")
        below = 0
        for bound, count in zip((*map(_number, self._bounds), "+Inf"), counts):
            below += count
            yield f"{self._name}_bucket{_labelled([('le', bound)])} {below}"
        yield f"{self._name}_sum {_number(total)}"
        yield f"{self._name}_count {below}"


def to_text(metrics: Iterable[Metric]) -> str:
    """All metrics as Prometheus reads them."""
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())


def _head(name: str, meaning: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"


def _labelled(labels: Iterable[tuple[str, str]]) -> str:
    shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{shown}}}" if shown else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
