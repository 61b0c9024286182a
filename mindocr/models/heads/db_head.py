"""Differentiable binarization head (DBNet, AAAI 2020, "Binarization" and "Adaptive threshold")."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Constant, Normal

from mindocr.errors import ConfigError
from mindocr.models.layers import conv, double_size
from mindocr.registry import HEADS

TEXT_SHARE = 0.1  # approximate share of an image's pixels that are in shrunk text
LOGIT_STD = 0.1  # of the initial weights of the layers that output logits
KERNELS = (3, 2, 2)


@HEADS.register
@HEADS.register(name="DBHeadEnhance")
class DBHead(nn.Cell):
    """Text probability P and, in training, threshold T and approximate binary map B = sigmoid(k (P - T)).

    MindOCR computes sigmoid(k P - T) instead; inference reads P alone, so its weights work here too. Its
    ``DBHeadEnhance`` computes what the paper says, so that name means this class too. The three maps are computed in
    float32 whatever the precision of the layers before: with k = 50 float16 is too coarse.

    Deliberate difference from the reference: the last layers start near constant maps, P at the usual share of
    text (0.1) and T at 0.5. Kaiming weights start with confident noise, which takes hundreds of steps to unlearn.

    Args:
        in_channels: channels of the neck's output.
        k: steepness of B.
        bias: give the 3x3 convolutions a bias; the transposed convolutions always have one.
        adaptive: learn T and B; without them, training outputs P only, too.
        fused: the branch of P has biases in place of its BatchNorms, as in released files; see
            :mod:`mindocr.models.fusion`. The branch of T, which those files lack, keeps its BatchNorms.
        kernel_list: kernel sizes of the three layers of a branch. The first is any odd number; the teacher of PP-OCRv3
            has [7, 2, 2]. The transposed convolutions double the size, so theirs are 2.
        inner_channels: output channels of the first and of the second layer of each branch, as ``mindocr prune`` writes
            them; None = a quarter of ``in_channels`` for both.

    Attributes:
        outputs: ``prob``, ``thresh``, ``binary`` in training; ``prob`` alone without ``adaptive``.
        inference_outputs: ``prob``.

    Raises:
        ConfigError: fewer than 4 input channels, k not positive, other sizes of kernels, or not two numbers of inner
            channels.
    """

    outputs: tuple[str, ...] = ("prob", "thresh", "binary")
    inference_outputs: tuple[str, ...] = ("prob",)

    def __init__(
        self,
        in_channels: int,
        k: float = 50,
        bias: bool = False,
        adaptive: bool = True,
        fused: bool = False,
        kernel_list: Sequence[int] = KERNELS,
        inner_channels: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        if in_channels < 4:
            raise ConfigError(f"DBHead in_channels {in_channels}: at least 4 are needed; raise the neck's out_channels")
        if k <= 0:
            raise ConfigError(f"DBHead k {k}: expected a positive number; the paper uses 50")
        first, *others = kernel_list or (0,)
        if first < 1 or first % 2 == 0 or others != [2, 2]:
            raise ConfigError(
                f"DBHead kernel_list {list(kernel_list)}: expected an odd number and then 2, 2, such as [3, 2, 2]"
            )
        widths = (in_channels // 4,) * 2 if inner_channels is None else tuple(inner_channels)
        if len(widths) != 2 or min(widths) < 1:
            raise ConfigError(
                f"DBHead inner_channels {list(widths)}: expected two numbers from 1, one for each of two layers"
            )
        self.k = float(k)
        self.adaptive = adaptive
        if not adaptive:
            self.outputs = self.inference_outputs
        self.segm = branch(in_channels, first, bias, TEXT_SHARE, fused, widths)
        self.thresh: Any = branch(in_channels, first, bias, 0.5, widths=widths) if adaptive else None

    def construct(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """(N, in_channels, H / 4, W / 4) -> in training (P, T, B), else P; each (N, 1, H, W) in [0, 1]."""
        if self.adaptive and self.training:
            return maps(self.segm(x), self.thresh(x), self.k)
        return ops.sigmoid(ops.cast(self.segm(x), ms.float32))


def maps(segm: Tensor, thresh: Tensor, k: float) -> tuple[Tensor, Tensor, Tensor]:
    """P, T and B in float32 of the logits of the two branches."""
    prob, threshold = ops.sigmoid(ops.cast(segm, ms.float32)), ops.sigmoid(ops.cast(thresh, ms.float32))
    return prob, threshold, ops.sigmoid(k * (prob - threshold))


def branch(
    in_channels: int,
    kernel: int,
    bias: bool,
    expected: float,
    fused: bool = False,
    widths: Sequence[int] | None = None,
) -> nn.SequentialCell:
    """(N, C, H, W) -> logits (N, 1, 4H, 4W), initially near that of ``expected``.

    BatchNorm starts at gamma 1, beta 1e-4, as the authors' code does. A fused branch has nothing in its place, so that
    the numbers of the layers, which are parts of the parameters' names, stay.

    Args:
        widths: output channels of the first two layers; None = C // 4.
    """

    def norm(channels: int) -> nn.Cell:
        return nn.Identity() if fused else nn.BatchNorm2d(channels, beta_init=Constant(1e-4))

    prior = math.log(expected / (1 - expected))
    inner, middle = widths or (in_channels // 4,) * 2
    return nn.SequentialCell(
        [
            conv(in_channels, inner, kernel, bias=bias or fused),
            norm(inner),
            nn.ReLU(),
            double_size(inner, middle),
            norm(middle),
            nn.ReLU(),
            double_size(middle, 1, Normal(LOGIT_STD), prior),
        ]
    )
