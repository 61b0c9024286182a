"""Data pipeline: from label files and images to the arrays that a network reads. Pure NumPy and OpenCV."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["build_dataset"]  # noqa: F822  see __getattr__


def __getattr__(name: str) -> Any:
    # Imported on first use, because the modules of this package import the package itself.
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module("mindocr.data.builder"), name)
