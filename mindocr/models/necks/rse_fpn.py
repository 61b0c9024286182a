"""Feature pyramid with residual squeeze-and-excitation (PP-OCRv3, "RSE-FPN")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.layers import SqueezeExcite, SteepHardSigmoid, conv, upsample_nearest
from mindocr.models.necks.db_fpn import shares_of
from mindocr.registry import NECKS


class ResidualExcite(nn.Cell):
    """A convolution without bias, then squeeze-and-excitation, optionally added to its input.

    Args:
        reduced: channels inside the squeeze-and-excitation; None = ``out_channels`` // 4.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        shortcut: bool,
        gate: nn.Cell | None,
        reduced: int | None = None,
    ) -> None:
        super().__init__()
        self.in_conv = conv(in_channels, out_channels, kernel_size)
        self.se_block = SqueezeExcite(out_channels, reduced or out_channels // 4, names=("conv1", "conv2"), gate=gate)
        self.shortcut = shortcut

    def construct(self, x: Tensor) -> Tensor:
        x = self.in_conv(x)
        excited = self.se_block(x)
        return x + excited if self.shortcut else excited


class ExcitePyramid(nn.Cell):
    """What the pyramids of PP-OCR share: from the coarsest level down, each level is added to the one below it.

    Args:
        in_channels: channels of the levels, finest first; each level has half the size of the one before it.
        out_channels: channels of the output; a multiple of the number of levels.
        align_corners: see :func:`~mindocr.models.layers.upsample_nearest`.
        auxiliary: return the sums of all levels but the coarsest too, in training only.

    Raises:
        ConfigError: ``out_channels`` cannot be divided among the levels.
    """

    ins_conv: nn.CellList

    def __init__(
        self, in_channels: Sequence[int], out_channels: int, align_corners: bool, auxiliary: bool = False
    ) -> None:
        super().__init__()
        levels = len(in_channels)
        if out_channels < 4 * levels or out_channels % levels:
            raise ConfigError(
                f"{type(self).__name__} out_channels {out_channels}: {levels} levels share the channels evenly, so "
                f"give a multiple of {levels}, at least {4 * levels}"
            )
        self.levels, self.out_channels, self.align_corners = levels, out_channels, align_corners
        self.auxiliary = auxiliary

    def smooth(self, level: Tensor, i: int) -> Tensor:
        """The layers behind a level: (N, out_channels, H, W) -> (N, out_channels / levels, H, W)."""
        raise NotImplementedError

    def construct(self, features: Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
        """``features``: (N, in_channels[i], H / 2**i, W / 2**i), finest first -> (N, out_channels, H, W).

        With ``auxiliary`` in training a tuple of it and the sums (N, out_channels, H / 2**i, W / 2**i), coarsest first.
        """
        smoothed, sums = self.descend(features)
        merged = self.join(smoothed)
        return (merged,) + sums if self.auxiliary and self.training else merged

    def descend(self, features: Sequence[Tensor]) -> tuple[list[Tensor], tuple[Tensor, ...]]:
        """From the coarsest level to the finest.

        Returns:
            The smoothed levels (N, out_channels / levels, H / 2**i, W / 2**i), finest first, and the sums of all levels
            but the coarsest (N, out_channels, H / 2**i, W / 2**i), coarsest first.
        """
        coarser = None
        smoothed = []
        sums: tuple[Tensor, ...] = ()
        for i in range(self.levels - 1, -1, -1):
            level = self.ins_conv[i](features[i])
            if coarser is not None:
                level = level + upsample_nearest(coarser, 2)
                sums = sums + (level,)
            coarser = level
            smoothed.append(self.smooth(level, i))
        return smoothed[::-1], sums

    def join(self, levels: Sequence[Tensor]) -> Tensor:
        """Levels of the sizes H / 2**i, finest first -> (N, out_channels, H, W), the channels of the coarsest first."""
        joined = [upsample_nearest(levels[i], 2**i, self.align_corners) for i in range(self.levels - 1, -1, -1)]
        return ops.concat(joined, 1)


@NECKS.register
class RSEFPN(ExcitePyramid):
    """The pyramid of ``DBFPN`` with a :class:`ResidualExcite` in place of each convolution.

    Args:
        in_channels: channels of the levels, finest first; each level has half the size of the one before it.
        out_channels: channels of the output; a multiple of the number of levels.
        shortcut: add the input of each squeeze-and-excitation to its output.
        origin: project whose weights compute the same here as there. The two enlarge by 4 and by 8 differently (MindOCR
            aligns the corner pixels, PaddleOCR repeats every pixel), and their hard-sigmoids have the slopes 1/6 and
            0.2. Weights of one work poorly in the other until they are trained again.
        level_channels: channels that each level contributes to the joined map, finest first, as ``mindocr prune``
            writes them; None = an equal share of ``out_channels``. The joined map then has their sum, and
            squeeze-and-excitation keeps the channels that it reduces to.

    Raises:
        ConfigError: ``out_channels`` cannot be divided among the levels, or ``level_channels`` has another number of
            levels.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 96,
        shortcut: bool = True,
        origin: Literal["mindocr", "paddleocr"] = "mindocr",
        level_channels: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, align_corners=origin == "mindocr")
        shares = shares_of("RSEFPN", level_channels, out_channels, self.levels)
        self.out_channels = sum(shares)

        def layer(source: int, target: int, kernel_size: int, reduced: int) -> ResidualExcite:
            gate = None if origin == "mindocr" else SteepHardSigmoid()
            return ResidualExcite(source, target, kernel_size, shortcut, gate, reduced)

        self.ins_conv = nn.CellList([layer(channels, out_channels, 1, out_channels // 4) for channels in in_channels])
        self.inp_conv = nn.CellList(
            [layer(out_channels, share, 3, out_channels // self.levels // 4) for share in shares]
        )

    def smooth(self, level: Tensor, i: int) -> Tensor:
        return self.inp_conv[i](level)
