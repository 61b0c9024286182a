"""The evaluation report: missed texts and false positives with causes, on one HTML page. Plain NumPy and OpenCV."""

from __future__ import annotations
