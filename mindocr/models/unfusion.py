"""The training form of a fused network, with BatchNorms whose statistics come from images.

A fused network has no statistics left. Placeholders would be exact in evaluation only: the first training step replaces
them by those of the batch, and the network is destroyed. Therefore the statistics are measured: each re-created
BatchNorm gets the mean and the variance of its input on given images, and factors with which it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from mindocr.errors import CheckpointError
from mindocr.models.fold import values
from mindocr.models.fusion import assign, paired
from mindocr.models.heads.db_head import DBHead
from mindocr.models.layers import ConvNormAct
from mindocr.models.network import Network
from mindocr.models.rep_layers import RepConv, RepDepthwise, RepLayer


@dataclass
class _Tap:
    """A BatchNorm to fill, and the sums of what it will see.

    Attributes:
        norm: the BatchNorm of the training form.
        source: convolution of the fused form whose input and output show what the BatchNorm will see.
        seen: (input, output) of ``source`` -> input of ``norm``, (N, C, H, W).
        offset: what the BatchNorm adds to its input, (C,); None: it starts with the factor 0.
    """

    norm: nn.BatchNorm2d
    source: nn.Cell
    seen: Callable[[Tensor, Tensor], Tensor]
    offset: Any
    count: int = 0
    total: Any = 0.0
    squares: Any = 0.0

    def look(self, x: Tensor, out: Tensor) -> None:
        array = self.seen(x, out).asnumpy().astype(np.float64)
        self.count += array.size // array.shape[1]
        self.total = self.total + array.sum((0, 2, 3))
        self.squares = self.squares + (array**2).sum((0, 2, 3))

    def fill(self) -> None:
        mean = self.total / self.count
        variance = np.maximum(self.squares / self.count - mean**2, 0)
        silent = self.offset is None
        gamma = np.zeros_like(mean) if silent else np.sqrt(variance + self.norm.eps)
        assign(self.norm.moving_mean, mean)
        assign(self.norm.moving_variance, variance)
        assign(self.norm.gamma, gamma)
        assign(self.norm.beta, np.zeros_like(mean) if silent else mean + self.offset)


def unfuse(fused: Network, network: Network, images: Iterable[np.ndarray]) -> int:
    """Give ``network`` the weights of ``fused``, so that both compute the same in evaluation.

    On the images together they also compute the same in training. Of the branches that are added, those with a
    BatchNorm start with the factor 0, the others with the weights 0.

    Args:
        fused: the network with ``fused: True`` and trained weights.
        network: the network of the same settings with ``fused: False``.
        images: batches (N, 3, H, W) float32, prepared for the network; some hundred images are enough.

    Returns:
        The number of images.

    Raises:
        CheckpointError: the two networks do not belong together, or there are no images.
    """
    taps = [tap for ours, cell in paired(network, fused) for tap in _taps(ours, cell)]
    count = _measure(fused, taps, images)
    for tap in taps:
        tap.fill()
    return count


def _measure(fused: Network, taps: list[_Tap], images: Iterable[np.ndarray]) -> int:
    """Run the images through the fused network; every tap looks at its convolution. Returns their number."""

    def hook(tap: _Tap) -> Callable[[nn.Cell, tuple[Tensor, ...], Tensor], None]:
        return lambda cell, inputs, out: tap.look(inputs[0], out)

    before = ms.get_context("mode")
    ms.set_context(mode=ms.PYNATIVE_MODE)  # graphs have no hooks
    handles = [tap.source.register_forward_hook(hook(tap)) for tap in taps]
    fused.set_train(False)
    count = 0
    try:
        for batch in images:
            fused(Tensor(np.asarray(batch, np.float32)))
            count += len(batch)
    finally:
        for handle in handles:
            handle.remove()
        ms.set_context(mode=before)
    if not count:
        raise CheckpointError("no images: the statistics of the BatchNorms are measured on images")
    return count


def _taps(ours: Any, fused: Any) -> Iterator[_Tap]:
    """Taps of a layer; its convolutions get their weights here."""
    if isinstance(fused, RepLayer):
        if fused.conv is not None and ours.conv is None:
            yield from _branch_taps(ours, fused)
    elif isinstance(fused, ConvNormAct):
        if fused.bn is None and ours.bn is not None:
            yield _Tap(ours.bn, fused.conv, _thinned(_minus(fused.conv), fused), values(fused.conv.bias))
    elif isinstance(fused, DBHead):
        for i in (0, 3):
            if isinstance(ours.segm[i + 1], nn.BatchNorm2d) and isinstance(fused.segm[i + 1], nn.Identity):
                layer = fused.segm[i]
                has_bias = ours.segm[i].has_bias  # then it is the same as in the fused form, and the norm adds nothing
                seen = (lambda x, out: out) if has_bias else _minus(layer)
                yield _Tap(ours.segm[i + 1], layer, seen, 0.0 if has_bias else values(layer.bias))


def _branch_taps(ours: Any, fused: RepLayer) -> Iterator[_Tap]:
    """Taps of a layer with branches. One branch computes all that the single convolution did."""
    layer = fused.single
    kernel, bias, minus = values(layer.weight), values(layer.bias), _minus(layer)
    if isinstance(fused, RepDepthwise):
        kernel[:, 0, 1, 1] -= 1.0  # the input itself is added
        assign(ours.wide.conv.weight, kernel)
        assign(ours.point.weight, np.zeros(ours.point.weight.shape))
        yield _Tap(ours.wide.bn, layer, lambda x, out: minus(x, out) - x, 0.0)
        yield _Tap(ours.bn, layer, minus, bias)
        return
    first, *others = ours.branches
    assign(first.conv.weight, kernel)
    yield _Tap(first.bn, layer, _thinned(minus, first), bias)
    if isinstance(fused, RepConv):
        others += [] if ours.point is None else [ours.point]
        if ours.direct is not None:
            yield _Tap(ours.direct, layer, lambda x, out: x, None)
    for branch in others:
        yield _Tap(branch.bn, layer, _thinned(_apply(branch.conv), branch), None)


def _minus(layer: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """The output without the bias of a layer."""
    return lambda x, out: out - layer.bias.reshape((1, -1, 1, 1))


def _apply(layer: Any) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, out: layer(x)


def _thinned(seen: Callable[[Tensor, Tensor], Tensor], layer: ConvNormAct) -> Callable[[Tensor, Tensor], Tensor]:
    """``seen`` where a layer runs with stride 1 and thins its result out."""
    if not layer.thinned:
        return seen
    return lambda x, out: seen(x, out)[:, :, :: layer.down, :: layer.along]
