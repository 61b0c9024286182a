"""Metric scores by the rules of the benchmarks. Plain NumPy and shapely; modules register themselves.

A metric is a class with

- ``reads``: batch columns that hold the ground truth, in order;
- ``judges``: the class of the predictions that it evaluates;
- ``main_indicator``: name of the metric score by which the best checkpoint is chosen;
- ``reset()``, ``judge(predictions, columns)`` for a batch, ``counts`` and ``merge(counts)`` for ranks, ``result()`` for
  the metric scores by name, and ``summary(scores)`` for one line of the log.
"""

from __future__ import annotations

from mindocr.metrics.builder import build_metric

__all__ = ["build_metric"]
