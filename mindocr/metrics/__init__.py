"""Scores of detectors by the rules of the benchmarks. Plain NumPy and shapely; modules register themselves."""

from __future__ import annotations

from mindocr.metrics.builder import build_metric

__all__ = ["build_metric"]
