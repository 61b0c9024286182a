"""Computes predictions from network outputs. Plain NumPy and OpenCV; modules register themselves.

A post-processing is a class with these class attributes (or a class method ``declare`` if they depend on arguments):

- ``reads``: names of the network's outputs that it takes, in order;
- ``columns``: batch columns that it takes after the outputs, in order;
- ``gives``: the class of its results, a :class:`~mindocr.predictions.base.Prediction`.

It is called with arrays (N, ...) of a batch, and returns N predictions.
"""

from __future__ import annotations

from mindocr.postprocess.builder import build_postprocess

__all__ = ["build_postprocess"]
