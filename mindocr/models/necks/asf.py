"""Adaptive Scale Fusion (DBNet++, TPAMI 2022)."""

from __future__ import annotations

from collections.abc import Sequence

from mindspore import Tensor, nn, ops

from mindocr.models.global_mean import GlobalMean
from mindocr.models.layers import conv


class AdaptiveScaleFusion(nn.Cell):
    """Weighs each scale at each pixel before they are concatenated.

    A 3x3 convolution S reduces the concatenated scales; channel and spatial attention are added to S. The sum yields
    one weight map in (0, 1) per scale, and each scale is multiplied by its own.

    Args:
        channels: channels of all scales together; a multiple of ``scales``, and at least 16.
        scales: number of maps to weigh.
        channel_attention: add channel attention (average pool, two 1x1 convolutions, sigmoid) to S before the spatial
            one. An option of the authors' code; their released models have it.
        reduced: channels of S, at least 4; None takes ``channels`` // 4, as the authors do.
    """

    def __init__(
        self, channels: int, scales: int = 4, channel_attention: bool = True, reduced: int | None = None
    ) -> None:
        super().__init__()
        reduced = channels // 4 if reduced is None else reduced
        self.conv = conv(channels, reduced, 3, bias=True)
        self.chan_att = (
            nn.SequentialCell([conv(reduced, reduced // 4, 1), nn.ReLU(), conv(reduced // 4, reduced, 1), nn.Sigmoid()])
            if channel_attention
            else None
        )
        self.mean = GlobalMean()
        self.spat_att = nn.SequentialCell([conv(1, 1, 3), nn.ReLU(), conv(1, 1, 1), nn.Sigmoid()])
        self.scale_att = nn.SequentialCell([conv(reduced, scales, 1), nn.Sigmoid()])

    def construct(self, scales: Sequence[Tensor]) -> Tensor:
        """``scales``: maps of one size, (N, channels / scales, H, W) each -> (N, channels, H, W), in the same order."""
        fused = self.conv(ops.concat(scales, 1))
        if self.chan_att is not None:
            fused = fused + self.chan_att(self.mean(fused))
        fused = fused + self.spat_att(ops.mean(fused, 1, True))
        weights = self.scale_att(fused)
        weighted = []
        for i in range(len(scales)):
            weighted.append(scales[i] * weights[:, i : i + 1])
        return ops.concat(weighted, 1)
