"""Images in, probability maps out: the forward pass that evaluation and prediction share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

STATIC_SHAPES = 2


class _Wrapper(nn.Cell):
    """A cell of its own, so that settings made for inference do not touch the network's training graph."""

    def __init__(self, network: nn.Cell) -> None:
        super().__init__(auto_prefix=False)
        self.network = network

    def construct(self, image):
        return self.network(image)


class Inference:
    """Run ``network`` on images of any sizes.

    Images of one size travel together, so a result does not depend on what else stands in the batch. The first two
    input shapes are compiled as they are, which is fastest; with a third, one graph for all shapes takes over.

    Args:
        network: a detector.
        all_maps: give every map that the head computes in training, the probability first, not that one alone.
    """

    def __init__(self, network: nn.Cell, *, all_maps: bool = False) -> None:
        self._cell = _Wrapper(network)
        self._head = network.head if all_maps else None
        self._shapes: set[tuple[int, ...]] = set()

    def __call__(self, images: np.ndarray | Sequence[np.ndarray]) -> list[np.ndarray]:
        """Probability maps.

        Args:
            images: (N, 3, H, W), or N arrays (3, H_i, W_i); float32, normalised.

        Returns:
            N arrays (C, H_i, W_i), float32 in [0, 1]; C is 1, or what the head computes with ``all_maps``.
        """
        self._cell.set_train(False)
        if self._head is not None:
            # a head in training gives all its maps; the layers in it stay as they are in evaluation
            self._head.set_train(True)
            for layer in self._head.cells():
                layer.set_train(False)
        groups: dict[tuple[int, ...], list[int]] = {}
        for i, image in enumerate(images):
            groups.setdefault(image.shape, []).append(i)
        maps: list[np.ndarray] = [np.empty(0, np.float32)] * len(images)
        for indices in groups.values():
            batch = np.ascontiguousarray(np.stack([images[i] for i in indices]))
            self._prepare(batch.shape)
            output = self._cell(ms.Tensor(batch)).astype(ms.float32).asnumpy()
            for i, probability in zip(indices, output):
                maps[i] = probability
        return maps

    def _prepare(self, shape: tuple[int, ...]) -> None:
        if shape in self._shapes:
            return
        self._shapes.add(shape)
        if len(self._shapes) == STATIC_SHAPES + 1:
            self._cell.set_inputs(ms.Tensor(shape=[None, 3, None, None], dtype=ms.float32))


def decode(postprocess: Any, maps: Sequence[np.ndarray], shape_list: Sequence[np.ndarray]) -> list[Any]:
    """What post-processing finds in the maps (C, H_i, W_i) of a batch, an image each; in one call where it can be."""
    shapes = np.asarray(shape_list)
    if len({probability.shape for probability in maps}) <= 1:
        return postprocess(np.stack(maps), shapes) if len(maps) else []
    return [postprocess(probability[None], shape[None])[0] for probability, shape in zip(maps, shapes)]
