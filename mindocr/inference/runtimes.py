"""The programs that run networks, and which of them is chosen."""

from __future__ import annotations

import importlib.util
import logging
import sys
from functools import cache
from typing import Literal, NamedTuple, get_args

from mindocr.environment import ascend_present
from mindocr.errors import UserError
from mindocr.registry import suggest

logger = logging.getLogger(__name__)

Runtime = Literal["auto", "mindspore", "onnxruntime", "mindspore_lite"]
RUNTIMES: tuple[str, ...] = get_args(Runtime)

# Ending of a model file -> the runtimes that take it, the preferred one first
_TAKEN_BY = {
    ".ckpt": ("mindspore",), ".safetensors": ("mindspore",), ".mindir": ("mindspore", "mindspore_lite"),
    ".ms": ("mindspore_lite",), ".onnx": ("onnxruntime",),
}  # fmt: skip
_ADVICE = {
    ("onnxruntime", ".ckpt"): "export it to ONNX, or leave out the runtime",
    ("onnxruntime", ".safetensors"): "export it to ONNX, or leave out the runtime",
    ("mindspore", ".onnx"): "turn it into a checkpoint with 'mindocr convert-weights --from onnx', or leave out the "
    "runtime",
}


class Choice(NamedTuple):
    """A runtime and why it was chosen, as the end of a sentence."""

    runtime: str
    reason: str


def choose_runtime(wanted: str = "auto") -> Choice:
    """The runtime for weights that exist for MindSpore and for onnxruntime.

    ``auto`` takes onnxruntime on the CPU where it is installed, because there it is two to three times as fast; on
    Ascend, and without onnxruntime, MindSpore.

    Raises:
        UserError: no such runtime, one that is not installed, or MindSpore Lite, for which there are no such weights.
    """
    check_runtime(wanted)
    if wanted == "mindspore_lite":
        raise UserError(
            "runtime mindspore_lite: released weights are no files of MindSpore Lite; export a checkpoint to MindIR, "
            "convert it with converter_lite, and name the file"
        )
    if wanted != "auto":
        if not is_installed(wanted):
            raise UserError(f"runtime {wanted}: it is not installed here; install it with: pip install {wanted}")
        return Choice(wanted, "it was asked for")
    if not is_installed("onnxruntime"):
        return Choice("mindspore", "onnxruntime, which is faster on CPUs, is not installed (pip install onnxruntime)")
    if not is_installed("mindspore"):
        return Choice("onnxruntime", "MindSpore is not installed")
    if ascend_present():
        return Choice("mindspore", "there is an Ascend device")
    return Choice("onnxruntime", "it is installed, and faster than MindSpore on CPUs")


def runtime_of(ending: str, wanted: str, model: str) -> Choice:
    """The runtime of a model file.

    Args:
        ending: that of its kind, such as ``.onnx``.
        wanted: see :data:`RUNTIMES`.
        model: its name, for messages and for the log, if there is a choice.

    Raises:
        UserError: no such runtime, or it does not run such files.
    """
    check_runtime(wanted)
    able = _TAKEN_BY[ending]
    choice = Choice(wanted, "it was asked for")
    if wanted == "auto":
        chosen = next((runtime for runtime in able if is_installed(runtime)), able[0])
        choice = Choice(chosen, f"it runs files of the kind {ending}")
    elif wanted not in able:
        advice = _ADVICE.get((wanted, ending), f"choose {' or '.join(able)}, or leave out the runtime")
        raise UserError(f"'{model}': {wanted} does not run files of the kind {ending}; {advice}")
    if wanted != "auto" or len(able) > 1:
        tell(model, *choice)
    return choice


def check_runtime(wanted: str) -> None:
    """Check the name of a runtime.

    Raises:
        UserError: there is none of this name.
    """
    if wanted not in RUNTIMES:
        raise UserError(f"runtime: expected {', '.join(RUNTIMES)}, got '{wanted}'{suggest(wanted, RUNTIMES)}")


def is_installed(module: str) -> bool:
    """Whether a module can be imported; it is not imported."""
    if module in sys.modules:  # None: it must not be imported
        return sys.modules[module] is not None
    return importlib.util.find_spec(module) is not None


@cache
def tell(what: str, runtime: str, reason: str) -> None:
    """Log a choice, once in a process."""
    logger.info("%s runs in %s: %s", what, runtime, reason)
