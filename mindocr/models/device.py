"""Device and execution mode of this process."""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any

from mindocr.environment import ONEDNN_VARIABLE, ascend_present, cap_onednn
from mindocr.errors import ConfigError

logger = logging.getLogger(__name__)


def prepare(system: Any) -> str:
    """Set MindSpore's device, execution mode and determinism as the ``system`` section of a configuration says.

    Returns:
        The device, ``CPU`` or ``Ascend``.

    Raises:
        ConfigError: the device is not available.
    """
    target = str(system.device_target)
    device = target if target != "auto" else ("Ascend" if ascend_present() else "CPU")
    if cap_onednn(device):
        _tell_cap(os.environ[ONEDNN_VARIABLE])
    import mindspore as ms

    _choose(device, system.device_id)
    ms.set_context(mode=ms.GRAPH_MODE if system.mode == 0 else ms.PYNATIVE_MODE)
    if device == "Ascend" and system.mode == 0:
        ms.set_context(jit_config={"jit_level": system.jit_level})
    if system.deterministic:
        ms.set_deterministic(True)
    return device


@cache
def _tell_cap(value: str) -> None:
    """Once in a process, which may prepare the device for several networks."""
    logger.info("%s=%s is set for MindSpore's CPU convolutions; set it yourself to override", ONEDNN_VARIABLE, value)


def _choose(device: str, device_id: int | None) -> None:
    import mindspore as ms

    # After the first computation a process can no longer change these, which matters only if they would change.
    in_force = (ms.get_context("device_target"), ms.get_context("device_id"))
    if in_force == (device, in_force[1] if device_id is None else device_id):
        return
    try:
        ms.set_device(device) if device_id is None else ms.set_device(device, device_id)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(
            f"system.device_target: {device} cannot be used here ({str(error).splitlines()[0]}); "
            "choose CPU, or install the Ascend driver and toolkit"
        ) from None
