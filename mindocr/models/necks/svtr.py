"""Attention over the time steps of a text line (PP-OCRv3 "SVTR_LCNet" and PP-OCRv6 "LightSVTR", after SVTR)."""

from __future__ import annotations

from collections.abc import Sequence

from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.layers import ConvNormAct
from mindocr.registry import NECKS

_EPS_IN_BLOCKS, _EPS_AT_END = 1e-5, 1e-6  # of the LayerNorms, as in the released files


class Swish(nn.Cell):
    """x sigmoid(x)."""

    def construct(self, x: Tensor) -> Tensor:
        return x * ops.sigmoid(x)


@NECKS.register
class SVTRNeck(nn.Cell):
    """Reduces the channels, mixes all time steps by self-attention, and joins the result with the input.

    Args:
        in_channels: channels of the features; a multiple of 8.
        dims: channels of the output: 64 in PP-OCRv3, 120 in PP-OCRv4.
        depth: attention blocks.
        hidden: channels within the blocks; a multiple of ``heads``.
        heads: attention heads.
        mlp_ratio: width of the blocks' dense layers as a multiple of ``hidden``.
        kernel_size: [height, width] of the two outer convolutions: [3, 3] in PP-OCRv3, [1, 3] in PP-OCRv4. With one
            row of features both compute the same, and the upper and lower rows of the kernel are never used.
        use_guide: the gradient stops at the input of this neck, so that CTC trains the neck and the head, and a guide
            of the head alone trains the backbone (PP-OCRv3 and v4, "guided training of CTC").

    Attributes:
        out_channels: equal to ``dims``.

    Raises:
        ConfigError: channels that cannot be divided as needed.
    """

    def __init__(
        self,
        in_channels: int,
        dims: int = 64,
        depth: int = 2,
        hidden: int = 120,
        heads: int = 8,
        mlp_ratio: float = 2.0,
        kernel_size: Sequence[int] = (3, 3),
        use_guide: bool = False,
    ) -> None:
        super().__init__()
        if in_channels % 8 or hidden % heads:
            raise ConfigError(
                f"SVTRNeck: in_channels {in_channels} must be a multiple of 8, and hidden {hidden} one of heads {heads}"
            )
        kernel = (kernel_size[0], kernel_size[1])
        self.out_channels = dims
        self.use_guide = use_guide
        self.conv1 = ConvNormAct(in_channels, in_channels // 8, kernel, act=Swish())
        self.conv2 = ConvNormAct(in_channels // 8, hidden, 1, act=Swish())
        self.blocks = nn.SequentialCell([Block(hidden, heads, int(hidden * mlp_ratio)) for _ in range(depth)])
        self.norm = nn.LayerNorm((hidden,), epsilon=_EPS_AT_END)
        self.conv3 = ConvNormAct(hidden, in_channels, 1, act=Swish())
        self.conv4 = ConvNormAct(2 * in_channels, in_channels // 8, kernel, act=Swish())
        self.conv5 = ConvNormAct(in_channels // 8, dims, 1, act=Swish())

    def construct(self, features: Tensor) -> Tensor:
        """Features (N, in_channels, 1, T) -> one vector for each time step, (N, T, dims)."""
        if self.use_guide:
            features = ops.stop_gradient(features)
        x = self.conv2(self.conv1(features))
        n, c, h, w = x.shape
        steps = self.norm(self.blocks(x.reshape((n, c, h * w)).swapaxes(1, 2)))
        mixed = self.conv3(steps.swapaxes(1, 2).reshape((n, c, h, w)))
        joined = self.conv5(self.conv4(ops.concat((features, mixed), 1)))
        return joined.mean(2).swapaxes(1, 2)


@NECKS.register
class LightSVTRNeck(nn.Cell):
    """Reduces the channels, mixes neighbours by a convolution and all time steps by self-attention.

    A 1x1 convolution of the features is added at the end.

    Args:
        in_channels: channels of the features.
        hidden: channels of the output; a multiple of ``heads``.
        depth: attention blocks.
        heads: attention heads.
        mlp_ratio: width of the blocks' dense layers as a multiple of ``hidden``.
        local_kernel: time steps that the convolution sees; odd.

    Attributes:
        out_channels: equal to ``hidden``.

    Raises:
        ConfigError: ``hidden`` is no multiple of ``heads``, or ``local_kernel`` is even.
    """

    def __init__(
        self,
        in_channels: int,
        hidden: int = 120,
        depth: int = 2,
        heads: int = 8,
        mlp_ratio: float = 2.0,
        local_kernel: int = 7,
    ) -> None:
        super().__init__()
        if hidden % heads or local_kernel % 2 == 0:
            raise ConfigError(
                f"LightSVTRNeck: hidden {hidden} must be a multiple of heads {heads}, local_kernel {local_kernel} odd"
            )
        self.out_channels = hidden
        self.skip = ConvNormAct(in_channels, hidden, 1, act=Swish())
        self.reduce = ConvNormAct(in_channels, hidden, 1, act=Swish())
        self.local = ConvNormAct(hidden, hidden, (1, local_kernel), groups=hidden, act=Swish())
        self.blocks = nn.SequentialCell([Block(hidden, heads, int(hidden * mlp_ratio)) for _ in range(depth)])
        self.norm = nn.LayerNorm((hidden,), epsilon=_EPS_AT_END)

    def construct(self, features: Tensor) -> Tensor:
        """Features (N, in_channels, 1, T) -> one vector for each time step, (N, T, hidden)."""
        x = self.reduce(features)
        x = x + self.local(x)
        steps = self.norm(self.blocks(_steps(x)))
        return steps + _steps(self.skip(features))


def _steps(x: Tensor) -> Tensor:
    """(N, C, 1, T) -> (N, T, C)."""
    n, c, h, w = x.shape
    return x.reshape((n, c, h * w)).swapaxes(1, 2)


class Block(nn.Cell):
    """Self-attention and two dense layers, each with a LayerNorm before and the input added behind.

    Args:
        channels: of the input and the output.
        heads: attention heads.
        wide: channels between the dense layers.
    """

    def __init__(self, channels: int, heads: int, wide: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm((channels,), epsilon=_EPS_IN_BLOCKS)
        self.mixer = Attention(channels, heads)
        self.norm2 = nn.LayerNorm((channels,), epsilon=_EPS_IN_BLOCKS)
        self.fc1 = nn.Dense(channels, wide)
        self.act = Swish()
        self.fc2 = nn.Dense(wide, channels)

    def construct(self, x: Tensor) -> Tensor:
        """(N, T, channels) -> the same shape."""
        x = x + self.mixer(self.norm1(x))
        return x + self.fc2(self.act(self.fc1(self.norm2(x))))


class Attention(nn.Cell):
    """Multi-head self-attention over all time steps.

    Args:
        channels: of the input and the output; a multiple of ``heads``.
        heads: attention heads.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, channels // heads
        self.scale = self.width**-0.5
        self.qkv = nn.Dense(channels, 3 * channels)
        self.proj = nn.Dense(channels, channels)

    def construct(self, x: Tensor) -> Tensor:
        """(N, T, channels) -> the same shape."""
        n, t, c = x.shape
        parts = self.qkv(x).reshape((n, t, 3, self.heads, self.width)).transpose((2, 0, 3, 1, 4))
        query, key, value = parts[0] * self.scale, parts[1], parts[2]
        weights = ops.softmax(ops.matmul(query, key.swapaxes(2, 3)), -1)
        return self.proj(ops.matmul(weights, value).transpose((0, 2, 1, 3)).reshape((n, t, c)))
