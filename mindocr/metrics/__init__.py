"""Scores of detectors by the rules of the benchmarks. Plain NumPy and shapely; modules register themselves."""

from __future__ import annotations
