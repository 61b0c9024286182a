"""Scores and positions of vertical anchors (CTPN, ECCV 2016, "Detecting Text in Fine-scale Proposals")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import mindspore as ms
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Normal

from mindocr.errors import ConfigError
from mindocr.registry import HEADS

NUM_ANCHORS = 14
WEIGHT_STD = 0.01  # of the initial weights, as in the paper


@HEADS.register
class CTPNHead(nn.Cell):
    """For each of k anchors at each position: text or not, its vertical position and height, and its side.

    Channels of an anchor are adjacent: a * 2 + (0 = background, 1 = text) in ``text_logits``, a * n + i in
    ``box_deltas``, where a is the number of the height; see :mod:`mindocr.geometry.text_anchors`. Everything is in
    float32 whatever the precision of the layers before.

    Args:
        in_channels: channels of the neck's output.
        num_anchors: k, the number of heights: 14 in MindSpore's CTPN, 10 in the paper.
        coordinates: numbers of a box. 2: dy, dh, as in the paper; 4: dx, dy, dw, dh, as in MindSpore's CTPN.
        side_refinement: also output a horizontal offset of the text's nearest side, in units of 16 pixels.

    Attributes:
        outputs: ``text_logits`` (N, 2k, H', W'), ``box_deltas`` (N, coordinates * k, H', W'), and with
            ``side_refinement`` ``side_offsets`` (N, k, H', W').
        inference_outputs: the same, with ``text_scores`` (N, k, H', W') in [0, 1] in place of the logits.

    Raises:
        ConfigError: fewer than 1 anchor.
    """

    def __init__(
        self,
        in_channels: int,
        num_anchors: int = NUM_ANCHORS,
        coordinates: Literal[2, 4] = 4,
        side_refinement: bool = False,
    ) -> None:
        super().__init__()
        if num_anchors < 1:
            raise ConfigError(f"CTPNHead: num_anchors must be 1 or more, got {num_anchors}")
        names = self.declare({"side_refinement": side_refinement})
        self.outputs, self.inference_outputs = names["outputs"], names["inference_outputs"]
        self.num_anchors = num_anchors
        self.text = _output(in_channels, 2 * num_anchors)
        self.box = _output(in_channels, coordinates * num_anchors)
        self.side = _output(in_channels, num_anchors) if side_refinement else None

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
        """The names that depend on the arguments, and the number of anchors, which other parts must have, too."""
        rest = ("box_deltas", *(("side_offsets",) if arguments.get("side_refinement") else ()))
        return {
            "outputs": ("text_logits", *rest),
            "inference_outputs": ("text_scores", *rest),
            "agrees": (("anchors", arguments.get("num_anchors", NUM_ANCHORS)),),
        }

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        """(N, in_channels, H', W') -> the outputs in the order of their names."""
        text = ops.cast(self.text(x), ms.float32)
        if not self.training:
            n, _, h, w = text.shape
            pairs = text.reshape((n, self.num_anchors, 2, h, w))
            text = ops.sigmoid(pairs[:, :, 1] - pairs[:, :, 0])  # the softmax of two numbers
        box = ops.cast(self.box(x), ms.float32)
        if self.side is None:
            return text, box
        return text, box, ops.cast(self.side(x), ms.float32)


def _output(in_channels: int, channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, channels, 1, has_bias=True, weight_init=Normal(WEIGHT_STD), bias_init="zeros")
