"""The evaluation report: why texts are missed and where alarms are false, on one HTML page. Plain NumPy and OpenCV."""

from __future__ import annotations
