"""Images in, named outputs out: the forward pass of a network, as evaluation and prediction run it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from mindocr.models.compile_cache import keeping_graphs
from mindocr.models.deformable import offset_names
from mindocr.models.global_mean import leave_out_padding
from mindocr.models.network import as_tuple
from mindocr.utils.progress import progress

STATIC_SHAPES = 2


class _Wrapper(nn.Cell):
    """A separate cell, so that settings for inference do not change the network's training graph."""

    def __init__(self, network: nn.Cell) -> None:
        super().__init__(auto_prefix=False)
        self.network = network

    def construct(self, image: ms.Tensor) -> Any:
        return self.network(image)


class NetworkRunner:
    """Run ``network`` on images of any sizes.

    Images of one size share a batch, so a result does not depend on the other images of the batch. The first two input
    shapes are compiled as static shapes, which is fastest. With the third, one graph for all shapes takes over; not for
    networks with deformable convolutions, and not if :meth:`compile_together` has been called with the shapes to come.

    Args:
        network: a :class:`~mindocr.models.network.Network`, or an ensemble, whose used network runs.
        training_outputs: return all outputs that the head computes in training instead of the inference outputs.
        metadata: what belongs to the network besides its weights, see :mod:`mindocr.inference.metadata`.
        static_shapes: number of shapes that are compiled as static ones; 0 compiles once, for all sizes.

    Attributes:
        input_size: (h, w) that the network takes; (-1, -1), any.
        output_names: names of the outputs, in order.
        metadata: as given.
    """

    def __init__(
        self,
        network: nn.Cell,
        *,
        training_outputs: bool = False,
        metadata: Mapping[str, Any] | None = None,
        static_shapes: int = STATIC_SHAPES,
    ) -> None:
        used = network.inference_network()
        self._cell = _Wrapper(used)
        self._parts = [used.neck, used.head] if training_outputs else []
        self.output_names: tuple[str, ...] = used.outputs if training_outputs else used.inference_outputs
        self.input_size = (-1, -1)
        self.metadata: Mapping[str, Any] = metadata or {}
        self._shapes: set[tuple[int, ...]] = set()
        self._inside: ms.Parameter | None = None
        # MindSpore has no graph for deformable convolutions on images of unknown size, so each size gets its own.
        self._static_shapes = sys.maxsize if offset_names(used) else static_shapes

    batches = True  # images of one size are faster together than one by one

    def leave_out_padding(self, batch_size: int) -> bool:
        """Prepare for padded images, ``batch_size`` of one size at a time, see ``inside`` of a call.

        Returns:
            Whether the network has layers that the padding would influence as a whole; without, nothing changes.
        """
        self._inside = leave_out_padding(self._cell.network, batch_size)
        if self._inside is not None:
            self._cell, self._shapes = _Wrapper(self._cell.network), set()  # graphs are compiled anew
        return self._inside is not None

    def __call__(
        self, images: np.ndarray | Sequence[np.ndarray], inside: np.ndarray | None = None
    ) -> dict[str, list[np.ndarray]]:
        """Outputs by name.

        Args:
            images: (N, 3, H, W), or N arrays (3, H_i, W_i); float32, normalised.
            inside: (N, 2) shares of height and width, from the top left, that are no padding; None = all. Only after
                :meth:`leave_out_padding`, with N images of one size.

        Returns:
            For each output N arrays, float32: the network's output for the image, without the batch axis.
        """
        self._cell.set_train(False)
        for part in filter(None, self._parts):
            # A neck and a head in training mode return all their outputs; their layers stay in evaluation mode.
            part.set_train(True)
            for layer in part.cells():
                layer.set_train(False)
        groups: dict[tuple[int, ...], list[int]] = {}
        for i, image in enumerate(images):
            groups.setdefault(image.shape, []).append(i)
        outputs = {name: [np.empty(0, np.float32)] * len(images) for name in self.output_names}
        for indices in groups.values():
            batch = np.ascontiguousarray(np.stack([images[i] for i in indices]))
            self._prepare(batch.shape)
            if self._inside is not None:
                shown = np.ones((len(batch), 2)) if inside is None else inside
                self._inside.set_data(ms.Tensor(shown, ms.float32))
            for name, output in zip(self.output_names, as_tuple(self._cell(ms.Tensor(batch)))):
                for i, value in zip(indices, output.astype(ms.float32).asnumpy()):
                    outputs[name][i] = value
        return outputs

    @staticmethod
    def compile_together(plan: Sequence[tuple[NetworkRunner, Sequence[tuple[int, ...]]]]) -> None:
        """Compile a graph for each input shape (N, 3, H, W) of one or several networks now, with a progress bar.

        The graphs are kept between runs, see :mod:`mindocr.models.compile_cache`, which takes one plan in a process.
        Nothing else may have been computed with these runners before.
        """
        for runner, shapes in plan:
            runner._static_shapes = max(runner._static_shapes, len(shapes))
        with keeping_graphs([(runner._cell, shapes) for runner, shapes in plan]):
            for runner, shape in progress([(runner, s) for runner, shapes in plan for s in shapes], "compile", "graph"):
                runner(np.zeros(shape, np.float32))

    def _prepare(self, shape: tuple[int, ...]) -> None:
        if shape in self._shapes:
            return
        self._shapes.add(shape)
        if len(self._shapes) == self._static_shapes + 1:
            self._cell.set_inputs(ms.Tensor(shape=[None, 3, None, None], dtype=ms.float32))
