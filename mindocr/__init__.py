"""mindocr: trains, evaluates and ships scene-text detectors and readers on MindSpore.

The names below are imported when they are first used, so that ``import mindocr`` stays cheap.
"""

from __future__ import annotations

import importlib
from typing import Any

from mindocr.absent_names import absent, answer_imports
from mindocr.environment import cap_onednn

__version__ = "0.1.0"

_EXPORTS = {
    "TextDetector": "mindocr.inference.detector",
    "TextReader": "mindocr.reading.reader",
    "build_dataset": "mindocr.data",
    "build_loss": "mindocr.losses",
    "build_metric": "mindocr.metrics",
    "build_model": "mindocr.models",
    "build_postprocess": "mindocr.postprocess",
    "list_models": "mindocr.models",
    "load_config": "mindocr.config",
}
__all__ = ["__version__", *_EXPORTS]

cap_onednn()
answer_imports()


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(importlib.import_module(_EXPORTS[name]), name)
    raise absent(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
