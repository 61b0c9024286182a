"""Feature pyramid of DBNet and DBNet++ (DBNet, AAAI 2020, "Methodology")."""

from __future__ import annotations

from collections.abc import Sequence

from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.layers import conv, upsample_nearest
from mindocr.models.necks.asf import AdaptiveScaleFusion
from mindocr.registry import NECKS


def shares_of(name: str, level_channels: Sequence[int] | None, out_channels: int, levels: int) -> list[int]:
    """Channels that each level contributes to the joined map, finest first.

    Args:
        name: of the neck, for the message.
        level_channels: as configured; None = equal shares of ``out_channels``.

    Raises:
        ConfigError: not one number from 1 for each level.
    """
    if level_channels is None:
        return [out_channels // levels] * levels
    if len(level_channels) != levels or min(level_channels) < 1:
        raise ConfigError(
            f"{name} level_channels {list(level_channels)}: expected {levels} numbers from 1, one for each level"
        )
    return list(level_channels)


@NECKS.register
class DBFPN(nn.Cell):
    """Brings all levels to the finest one's size and joins them into one map.

    1x1 convolutions bring every level to ``out_channels``; each level receives the next coarser one, doubled in size;
    3x3 convolutions reduce each to ``out_channels`` / levels; all are enlarged to the finest size (nearest neighbour)
    and concatenated, coarsest first.

    Args:
        in_channels: channels of the levels, finest first; each level has half the size of the one before it.
        out_channels: channels of the output; a multiple of the number of levels.
        bias: give the convolutions a bias.
        use_asf: weigh the levels with Adaptive Scale Fusion (DBNet++) instead of merely concatenating them.
        channel_attention: let Adaptive Scale Fusion use channel attention too; without ``use_asf`` it has no effect.
        attention_channels: channels inside Adaptive Scale Fusion; None takes ``out_channels`` // 4, as the
            authors do. MMOCR uses ``out_channels``.
        level_channels: channels that each level contributes to the joined map, finest first, as ``mindocr prune``
            writes them; None = an equal share of ``out_channels``. The joined map then has their sum.

    Raises:
        ConfigError: ``out_channels`` cannot be divided among the levels, ``attention_channels`` is below 4, or
            ``level_channels`` has another number of levels or comes with ``use_asf``.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 256,
        bias: bool = False,
        use_asf: bool = False,
        channel_attention: bool = True,
        attention_channels: int | None = None,
        level_channels: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        levels = len(in_channels)
        smallest = 16 if use_asf else levels
        if out_channels < smallest or out_channels % levels:
            raise ConfigError(
                f"DBFPN out_channels {out_channels}: {levels} levels share the channels evenly, so give a multiple of "
                f"{levels}, at least {smallest}"
            )
        if attention_channels is not None and attention_channels < 4:
            raise ConfigError(f"DBFPN attention_channels {attention_channels}: at least 4 are needed")
        if use_asf and level_channels is not None:
            raise ConfigError("DBFPN level_channels: Adaptive Scale Fusion needs levels of one width; leave it out")
        shares = shares_of("DBFPN", level_channels, out_channels, levels)
        self.out_channels = sum(shares)
        self.unify_channels = nn.CellList([conv(channels, out_channels, 1, bias=bias) for channels in in_channels])
        self.out = nn.CellList([conv(out_channels, share, 3, bias=bias) for share in shares])
        self.fuse = (
            AdaptiveScaleFusion(out_channels, levels, channel_attention, attention_channels) if use_asf else None
        )

    def construct(self, features: Sequence[Tensor]) -> Tensor:
        """``features``: (N, in_channels[i], H / 2**i, W / 2**i), finest first -> (N, out_channels, H, W)."""
        coarser = None
        joined = []
        for i in range(len(self.out) - 1, -1, -1):
            level = self.unify_channels[i](features[i])
            if coarser is not None:
                level = level + upsample_nearest(coarser, 2)
            coarser = level
            joined.append(upsample_nearest(self.out[i](level), 2**i))
        if self.fuse is not None:
            return self.fuse(joined)
        return ops.concat(joined, 1)
