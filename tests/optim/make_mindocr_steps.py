"""Writes ``golden/mindocr_steps.json``: weights after each step of MindOCR's optimizers.

    python tests/optim/make_mindocr_steps.py

It needs an environment with MindOCR 0.5.0 and MindSpore; nothing of this project is imported. Only MindOCR's package of
optimizers is loaded, so the requirements of its other packages need not be installed.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import sys
import types
from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor

START = [1.0, -2.0, 0.5]
GRADIENTS = [[0.5, -0.25, 0.1], [-0.2, 0.4, 0.3], [0.1, 0.1, -0.2], [0.05, -0.3, 0.1]]
RATE = 0.1
DECAY = 0.1

# name -> arguments of MindOCR's create_optimizer; each runs with and without weight decay
CASES = {
    "sgd": {}, "sgd, nesterov": {"nesterov": True}, "momentum": {}, "nesterov": {"nesterov": True}, "adam": {},
    "adam, nesterov": {"nesterov": True}, "adamw": {}, "nadam": {}, "rmsprop": {},
    "rmsprop, no momentum": {"momentum": 0.0}, "rmsprop, eps": {"eps": 0.01}, "adagrad": {}, "lion": {}, "adan": {},
}  # fmt: skip


def factory():
    """MindOCR's ``create_optimizer``, without running the ``__init__`` of its other packages."""
    root = Path(next(iter(importlib.util.find_spec("mindocr").submodule_search_locations)))
    for name in ("mindocr", "mindocr.utils", "mindocr.optim"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    return importlib.import_module("mindocr.optim.optim_factory").create_optimizer


def steps(create_optimizer, name: str, arguments: dict, decay: float) -> list[list[float]]:
    """The weight after each gradient."""
    weight = Parameter(Tensor(np.array(START, np.float32)), name="conv.weight")
    optimizer = create_optimizer([weight], name.partition(",")[0], lr=RATE, weight_decay=decay,
                                 filter_bias_and_bn=False, **arguments)  # fmt: skip
    found = []
    for gradient in GRADIENTS:
        optimizer((Tensor(np.array(gradient, np.float32)),))
        found.append([float(f"{value:.8g}") for value in weight.asnumpy()])
    return found


def main() -> None:
    ms.set_context(mode=ms.PYNATIVE_MODE)
    create_optimizer = factory()
    document = {
        "mindocr": importlib.metadata.version("mindocr"), "mindspore": ms.__version__, "start": START,
        "gradients": GRADIENTS, "rate": RATE, "weight_decay": DECAY,
    }  # fmt: skip
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in document.items()]
    for key, decay in (("steps", 0.0), ("steps_with_decay", DECAY)):
        inner = [f'    "{name}": {json.dumps(steps(create_optimizer, name, arguments, decay))}'
                 for name, arguments in CASES.items()]  # fmt: skip
        lines.append(f'  "{key}": {{\n' + ",\n".join(inner) + "\n  }")
    target = Path(__file__).parent / "golden" / "mindocr_steps.json"
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
