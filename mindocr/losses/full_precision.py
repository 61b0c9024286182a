"""Losses that are computed in float32, whatever the precision of the network."""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops
from typing_extensions import Self


class FullPrecision(nn.Cell):
    """A cell that keeps float32. The largest float16 is 65504: too small to count the pixels of an image."""

    def __init__(self) -> None:
        super().__init__()
        super().add_flags_recursive(fp32=True, fp16=False, bf16=False)

    def add_flags_recursive(self, **flags: bool) -> Self:
        """As in any cell, but a precision from outside (``to_float`` of a cell around this one) is ignored."""
        kept = {name: value for name, value in flags.items() if name not in ("fp16", "fp32", "bf16")}
        super().add_flags_recursive(**kept)
        return self


def as_map(output: Tensor) -> Tensor:
    """(N, 1, H, W) of any float type -> (N, H, W) float32."""
    return ops.squeeze(ops.cast(output, ms.float32), 1)
