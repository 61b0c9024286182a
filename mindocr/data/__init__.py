"""Data: from label files and photographs to the arrays that a network takes. Pure NumPy and OpenCV."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["build_dataset"]  # noqa: F822  see __getattr__


def __getattr__(name: str) -> Any:
    # A package that its own modules import cannot import them in turn before they are loaded.
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module("mindocr.data.builder"), name)
