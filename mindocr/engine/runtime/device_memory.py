"""Memory of the device."""

from __future__ import annotations

import mindspore as ms


def peak_device_memory(device: str) -> int | None:
    """Largest memory that tensors have taken on the device so far, in bytes.

    Args:
        device: ``CPU`` or ``Ascend``.

    Returns:
        None on a CPU, whose memory is the host's, and where this version of MindSpore does not report it.
    """
    if device == "CPU":
        return None
    for module in ("runtime", "hal"):  # the name in newer and in older versions
        measure = getattr(getattr(ms, module, None), "max_memory_allocated", None)
        if measure is not None:
            try:
                return int(measure())
            except (RuntimeError, ValueError, TypeError):
                continue
    return None
