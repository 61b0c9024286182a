"""Mixed precision: which layers of a network compute in float16."""

from __future__ import annotations

from typing import Literal

import mindspore as ms
from mindspore import nn

_MULTIPLYING = (nn.Conv2d, nn.Conv2dTranspose, nn.Dense)
_NORMALISING = (nn.BatchNorm2d,)


def set_precision(net: nn.Cell, level: Literal["O0", "O1", "O2", "O3"]) -> None:
    """Set the precision of every layer of ``net``; parameters and their gradients stay float32.

    ``O0``: float32 throughout. ``O1``: convolutions and dense layers compute in float16. ``O2``: all layers but
    BatchNorm. ``O3``: all layers. Arithmetic between layers uses the type of its operands; a head that casts to float32
    stays in float32. Call it before the network first runs: a compiled graph does not change afterwards.

    ``mindspore.amp.auto_mixed_precision`` is not used: it rewrites the source of the classes or wraps them, and so
    changes the parameter names that checkpoints use.
    """
    for _, cell in net.cells_and_names():
        if cell.name_cells() or level == "O0":
            continue
        if isinstance(cell, _NORMALISING):
            cell.to_float(ms.float16 if level == "O3" else ms.float32)
        elif level != "O1" or isinstance(cell, _MULTIPLYING):
            cell.to_float(ms.float16)
