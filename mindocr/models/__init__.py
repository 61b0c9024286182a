"""Networks: backbone, neck and head, assembled by name. Importing this package alone does not start MindSpore."""

from __future__ import annotations

import importlib
from typing import Any

_EXPORTS = {
    "Ensemble": "mindocr.models.ensemble",
    "Network": "mindocr.models.network",
    "build_model": "mindocr.models.builder",
    "list_models": "mindocr.models.zoo",
    "load_weights": "mindocr.models.weights",
    "model_names": "mindocr.models.zoo",
    "read_checkpoint": "mindocr.models.weights",
}
__all__ = ["Ensemble", "Network", "build_model", "list_models", "load_weights", "model_names", "read_checkpoint"]  # noqa: F822  see __getattr__


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(_EXPORTS[name]), name)
