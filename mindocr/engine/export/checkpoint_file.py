"""Writes the checkpoint of a command that makes one from another file."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mindspore as ms
from mindspore import nn

from mindocr.engine.train import checkpoints
from mindocr.errors import UserError
from mindocr.models.ckpt_format import FORMATS

logger = logging.getLogger(__name__)

_SUFFIXES = tuple(f".{name}" for name in FORMATS)


def checked_output(output: str | Path) -> Path:
    """The path of a checkpoint to write.

    Raises:
        UserError: its ending is not that of a checkpoint.
    """
    output = Path(output)
    if output.suffix not in _SUFFIXES:
        raise UserError(f"--output: '{output}' must end in {' or '.join(_SUFFIXES)}")
    return output


def write(network: nn.Cell, output: Path, extra: Mapping[str, Any]) -> None:
    """Write the weights of a network; the folder is created, and a file that is replaced is named in the log.

    Args:
        extra: entry name -> value that JSON can hold, stored with the weights.

    Raises:
        UserError: the file cannot be written.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    if output.exists():
        logger.warning("%s: the file that was there is replaced", output)
    own = network.parameters_and_names()
    checkpoints.save([ms.Parameter(value, name=name) for name, value in own], output, extra)
