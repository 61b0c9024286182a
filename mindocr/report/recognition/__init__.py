"""The report of recognition: which texts were read wrong, and how."""

from __future__ import annotations

from mindocr.report.recognition.collect import RecognitionReport

__all__ = ["RecognitionReport"]
