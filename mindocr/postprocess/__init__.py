"""From network output to text outlines in the source image. Plain NumPy and OpenCV; modules register themselves."""

from __future__ import annotations

from mindocr.postprocess.builder import build_postprocess

__all__ = ["build_postprocess"]
