"""Differentiable binarization with further heads on single levels of the pyramid, in training only (PP-OCRv6)."""

from __future__ import annotations

from typing import Any

from mindspore import Tensor, nn, ops

from mindocr.models.heads.db_head import KERNELS, TEXT_SHARE, DBHead, branch, maps
from mindocr.registry import HEADS

LEVELS = ("p4", "p3", "p2")  # coarsest first; their maps have 1/16, 1/8 and 1/4 of the image's size
_MAPS = ("prob", "thresh", "binary")


@HEADS.register
class DBAuxiliaryHead(DBHead):
    """:class:`DBHead` that in training also computes P, T and B from three levels of the pyramid.

    The neck is ``RepLKFPN`` with ``auxiliary: True``. Each level is enlarged to 1/4 of the image (bilinear) and has two
    branches of its own. In evaluation and in exported files there is only the branch of P of ``DBHead``.

    Args:
        in_channels: channels of the neck's output and of each level.
        k, bias, fused: see :class:`DBHead`; the branches of the levels keep their BatchNorms.

    Attributes:
        auxiliary: True: it needs the levels.
        outputs: those of ``DBHead``, then ``prob_p4``, ``thresh_p4``, ``binary_p4``, and so on for p3 and p2.
        inference_outputs: ``prob``.
    """

    auxiliary = True
    outputs: tuple[str, ...] = (*_MAPS, *(f"{name}_{level}" for level in LEVELS for name in _MAPS))

    def __init__(self, in_channels: int, k: float = 50, bias: bool = False, fused: bool = False) -> None:
        super().__init__(in_channels, k, bias, True, fused)
        self.auxiliary_segm = nn.CellList([branch(in_channels, KERNELS[0], bias, TEXT_SHARE) for _ in LEVELS])
        self.auxiliary_thresh = nn.CellList([branch(in_channels, KERNELS[0], bias, 0.5) for _ in LEVELS])

    def construct(self, x: Any) -> Any:
        """Maps of the neck -> in training P, T and B of each, else P; each (N, 1, H, W) in [0, 1].

        Args:
            x: (N, in_channels, H / 4, W / 4); in training a tuple of it and the levels (N, in_channels, H / s, W / s),
                s = 16, 8, 4.
        """
        if not self.training:
            return super().construct(x)
        outputs = super().construct(x[0])
        size = (x[0].shape[2], x[0].shape[3])
        for i in range(len(self.auxiliary_segm)):
            level = _enlarged(x[i + 1], size)
            outputs = outputs + maps(self.auxiliary_segm[i](level), self.auxiliary_thresh[i](level), self.k)
        return outputs


def _enlarged(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear; pixels are squares whose centres are at half coordinates."""
    if (x.shape[2], x.shape[3]) == size:
        return x
    return ops.interpolate(x, size=size, mode="bilinear", align_corners=False)
