"""Writes ``golden/mindocr_rates.json``: learning rates of MindOCR's scheduler factory for the sections below.

    python tests/scheduler/make_mindocr_rates.py

It needs an environment with MindOCR 0.5.0; nothing of this project is imported. Only MindOCR's package of schedulers is
loaded, so the requirements of its other packages need not be installed.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import sys
import types
from pathlib import Path

TEN = {"lr": 0.1, "min_lr": 0.0, "num_epochs": 10, "warmup_epochs": 3, "warmup_factor": 0.0, "decay_rate": 0.5}
COSINE = {**TEN, "scheduler": "cosine_decay", "min_lr": 0.01}

# name -> section; steps_per_epoch is 7, which divides nothing here
CASES = {
    "constant": {**TEN, "scheduler": "constant"},
    "constant, warm-up from a tenth": {**TEN, "scheduler": "constant", "warmup_factor": 0.1},
    "constant, no warm-up": {**TEN, "scheduler": "constant", "warmup_epochs": 0},
    "polynomial": {**TEN, "scheduler": "polynomial_decay", "decay_epochs": 7, "decay_rate": 0.9},
    "polynomial, min_lr": {**TEN, "scheduler": "polynomial_decay", "decay_epochs": 7, "min_lr": 0.01},
    "polynomial, decay_epochs": {**TEN, "scheduler": "polynomial_decay", "decay_epochs": 4},
    "cosine": {**COSINE, "decay_epochs": 7},
    "cosine, then min_lr": {**COSINE, "decay_epochs": 4},
    "cosine, warm-up from a tenth": {**COSINE, "decay_epochs": 7, "warmup_factor": 0.1},
    "warmup_cosine": {**COSINE, "scheduler": "warmup_cosine_decay", "decay_epochs": 6},
    "cosine, two cycles": {**COSINE, "decay_epochs": 3, "num_cycles": 2, "cycle_decay": 0.5},
    "cosine, three cycles, the last is cut": {**COSINE, "decay_epochs": 3, "num_cycles": 3, "cycle_decay": 0.8},
    "cosine, two equal cycles": {**COSINE, "decay_epochs": 2, "num_cycles": 2},
    "exponential": {**TEN, "scheduler": "exponential_decay"},
    "exponential, min_lr": {**TEN, "scheduler": "exponential_decay", "min_lr": 0.01},
    "step": {**TEN, "scheduler": "step_decay", "decay_epochs": 2},
    "step, min_lr": {**TEN, "scheduler": "step_decay", "decay_epochs": 1, "min_lr": 0.01},
    "multi-step": {**TEN, "scheduler": "multi_step_decay", "milestones": [2, 5]},
    "multi-step, min_lr": {**TEN, "scheduler": "multi_step_decay", "milestones": [1, 2, 3, 4, 5], "min_lr": 0.01},
}
CASES |= {f"{name}, in stairs": {**case, "lr_epoch_stair": True} for name, case in list(CASES.items())}
STEPS_PER_EPOCH = 7


def factory():
    """MindOCR's ``create_scheduler``, without running the ``__init__`` of its top package."""
    root = Path(next(iter(importlib.util.find_spec("mindocr").submodule_search_locations)))
    package = types.ModuleType("mindocr")
    package.__path__ = [str(root)]
    sys.modules["mindocr"] = package
    sys.modules["mindocr.scheduler"] = scheduler = types.ModuleType("mindocr.scheduler")
    scheduler.__path__ = [str(root / "scheduler")]
    return importlib.import_module("mindocr.scheduler.scheduler_factory").create_scheduler


def main() -> None:
    create_scheduler = factory()
    rates = {
        name: [float(f"{rate:.9g}") for rate in create_scheduler(steps_per_epoch=STEPS_PER_EPOCH, **section)]
        for name, section in CASES.items()
    }
    document = {"mindocr": importlib.metadata.version("mindocr"), "steps_per_epoch": STEPS_PER_EPOCH,
                "sections": CASES, "rates": rates}  # fmt: skip
    target = Path(__file__).parent / "golden" / "mindocr_rates.json"
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in document.items() if not isinstance(value, dict)]
    for key in ("sections", "rates"):
        inner = ",\n".join(f'    "{name}": {json.dumps(value)}' for name, value in document[key].items())
        lines.append(f'  "{key}": {{\n{inner}\n  }}')
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
