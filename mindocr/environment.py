"""Environment variables that must be set before MindSpore starts. Imports nothing heavy."""

from __future__ import annotations

import os
import platform
from pathlib import Path

ONEDNN_VARIABLE = "ONEDNN_MAX_CPU_ISA"
ONEDNN_CAP = "AVX2"
_set_by_us = False


def ascend_present() -> bool:
    """True if an Ascend device or its toolkit is installed, which makes Ascend the default target."""
    return any(Path("/dev").glob("davinci[0-9]*")) or bool(os.environ.get("ASCEND_HOME_PATH"))


def cap_onednn(target: str = "auto") -> bool:
    """Limit oneDNN to AVX2, because on AVX-512 machines it picks a slow reference kernel for convolutions on the CPU.

    With that kernel a 3x3 convolution takes about a hundred times as long as with AVX2 instructions. The variable is
    set only for a CPU target, only on x86-64, and only if the user has not set it. It must be set before MindSpore
    runs its first convolution; importing ``mindocr`` does so.

    Args:
        target: ``CPU``, ``Ascend`` or ``auto`` (CPU unless an Ascend device is present).

    Returns:
        True if this function has set the limit, in this call or an earlier one.
    """
    global _set_by_us
    is_cpu = target == "CPU" or (target == "auto" and not ascend_present())
    if is_cpu and platform.machine() in ("x86_64", "AMD64") and ONEDNN_VARIABLE not in os.environ:
        os.environ[ONEDNN_VARIABLE] = ONEDNN_CAP
        _set_by_us = True
    return _set_by_us
