"""mindocr: trains, evaluates and ships scene-text detectors on MindSpore.

The names below are imported when they are first used, so that ``import mindocr`` stays cheap.
"""

from __future__ import annotations

import importlib
from typing import Any

from mindocr.environment import cap_onednn

__version__ = "0.1.0"

_EXPORTS = {
    "TextDetector": "mindocr.inference.detector",
}
__all__ = ["__version__", *_EXPORTS]

cap_onednn()


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(_EXPORTS[name]), name)
