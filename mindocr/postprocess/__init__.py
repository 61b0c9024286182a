"""From network output to text outlines in the source image. Plain NumPy and OpenCV; modules register themselves."""

from __future__ import annotations
