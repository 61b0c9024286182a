"""A training step examined layer by layer: activations, loss terms and gradients of one batch.

Everything here runs in PyNative mode and leaves the network as it was, so that a run in graph mode can be examined
without a change to its compiled step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from mindocr.models.network import as_tuple, statistics


@dataclass(frozen=True)
class Activation:
    """Statistics of the output of one layer.

    Attributes:
        layer: its name in the network; ``kind`` is its class.
        finite: (N,) bool, whether all values of an image were finite.
        largest: (N,) float64, largest finite magnitude of each image.
    """

    layer: str
    kind: str
    finite: np.ndarray
    largest: np.ndarray


@dataclass(frozen=True)
class Gradients:
    """Loss of a batch and its gradients.

    Attributes:
        total, terms: the unscaled loss and its terms (K,).
        norms: parameter name -> L2 norm of its gradient, without the loss scale; infinite or NaN where it overflowed.
    """

    total: float
    terms: np.ndarray
    norms: dict[str, float]

    @property
    def norm(self) -> float:
        """Joint L2 norm of all gradients."""
        return float(np.sqrt(np.sum(np.square(np.array(list(self.norms.values()), dtype=np.float64)))))

    @property
    def overflown(self) -> list[str]:
        """Parameters whose gradient is not finite, in the order of the network."""
        return [name for name, norm in self.norms.items() if not np.isfinite(norm)]


@contextmanager
def at_rest(network: nn.Cell) -> Iterator[None]:
    """PyNative mode within the block; afterwards the mode and the running statistics of BatchNorm are as before."""
    mode = ms.get_context("mode")
    changing = statistics(network)
    before = [ms.Tensor(p.asnumpy().copy()) for p in changing]
    ms.set_context(mode=ms.PYNATIVE_MODE)
    try:
        yield
    finally:
        for parameter, value in zip(changing, before):
            ops.assign(parameter, value)  # in place: compiled steps keep the parameter's memory
        ms.set_context(mode=mode)


def trace(network: nn.Cell, image: np.ndarray, read: Sequence[np.ndarray] = ()) -> tuple[Any, list[Activation]]:
    """Run ``network`` on a batch (N, 3, H, W) and record the output of every layer, in the order in which they finish.

    Args:
        read: label columns (N, ...) that the network takes after the image.

    Returns:
        The network's outputs, and one entry for each layer that was run and has an output for each image.
    """
    seen: list[Activation] = []

    def look(cell: nn.Cell, name: str, output: Any) -> None:
        values = [v for v in _flatten(output) if v.ndim and v.shape[0] == len(image)]
        if values:
            finite, largest = zip(*(_look_at(value) for value in values))
            seen.append(Activation(name, type(cell).__name__, np.all(finite, axis=0), np.max(largest, axis=0)))

    def hook(name: str) -> Any:
        return lambda cell, inputs, output: look(cell, name, output)

    handles = [cell.register_forward_hook(hook(name)) for name, cell in network.cells_and_names() if name]
    try:
        output = network(ms.Tensor(image), *map(ms.Tensor, read))
    finally:
        for handle in handles:
            handle.remove()
    return output, seen


def _flatten(output: Any) -> list[ms.Tensor]:
    if isinstance(output, list | tuple):
        return [tensor for each in output for tensor in _flatten(each)]
    return [output] if isinstance(output, ms.Tensor) else []


def _look_at(value: ms.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """(N,) whether all is finite, (N,) largest finite magnitude, of (N, ...)."""
    rows = value.astype(ms.float32).asnumpy().reshape(value.shape[0], -1)
    finite = np.isfinite(rows)
    return finite.all(axis=1), np.abs(rows).max(axis=1, where=finite, initial=0).astype(np.float64)


def gradients(
    network: nn.Cell,
    loss: nn.Cell,
    weights: Sequence[ms.Parameter],
    image: np.ndarray,
    labels: Sequence[np.ndarray],
    scale: float = 1.0,
    only: int | None = None,
    read: Sequence[np.ndarray] = (),
) -> Gradients:
    """Loss and gradients of a batch, as the training step computes them.

    Args:
        weights: the gradients are taken with respect to these.
        loss: see :class:`mindocr.losses.pairing.PairedLoss`.
        image, labels: (N, 3, H, W) and the labels (N, ...).
        scale: the loss is multiplied by it before the backward pass, the gradients are divided by it afterwards.
        read: label columns that the network takes after the image.
        only: let the gradient pass through this image's outputs alone; the parts of all images add up to the gradient.
    """
    chosen = np.zeros(len(image), dtype=bool)
    chosen[slice(None) if only is None else only] = True

    def forward(image: ms.Tensor, chosen: ms.Tensor, *labels: ms.Tensor) -> tuple[ms.Tensor, ...]:
        outputs = network(image, *map(ms.Tensor, read))
        if isinstance(outputs, list | tuple):
            outputs = tuple(_stop_others(output, chosen) for output in outputs)
        else:
            outputs = _stop_others(outputs, chosen)
        total, terms = loss(outputs, *labels)
        return total * scale, total, terms

    compute = ops.value_and_grad(forward, None, ms.ParameterTuple(weights), has_aux=True)
    tensors = [ms.Tensor(each) for each in (image, chosen, *labels)]
    (_, total, terms), found = compute(*tensors)
    norms = {p.name: float(np.linalg.norm(_as_float64(g).ravel())) / scale for p, g in zip(weights, found)}
    return Gradients(float(total.asnumpy()), terms.asnumpy(), norms)


def _stop_others(output: ms.Tensor, chosen: ms.Tensor) -> ms.Tensor:
    """``output`` (N, ...) without the gradient of the images that are not chosen (N,)."""
    if output.ndim == 0 or output.shape[0] != chosen.shape[0]:
        return output
    rows = chosen.reshape((-1, *[1] * (output.ndim - 1)))
    return ops.select(ops.broadcast_to(rows, output.shape), output, ops.stop_gradient(output))


def _as_float64(value: ms.Tensor) -> np.ndarray:
    return value.astype(ms.float32).asnumpy().astype(np.float64)


def terms_by_image(loss: nn.Cell, outputs: Any, labels: Sequence[np.ndarray]) -> np.ndarray:
    """Terms of the loss for each image alone, (N, K), from the network's ``outputs`` for the whole batch."""
    several = isinstance(outputs, list | tuple)
    terms = []
    for i in range(as_tuple(outputs)[0].shape[0]):
        own = tuple(output[i : i + 1] for output in outputs) if several else outputs[i : i + 1]
        terms.append(loss(own, *(ms.Tensor(label[i : i + 1]) for label in labels))[1].asnumpy())
    return np.stack(terms)


def not_finite(columns: Mapping[str, np.ndarray]) -> dict[str, list[int]]:
    """Column -> indices of the images with non-finite values in it; columns without such images are left out."""
    found = {}
    for name, values in columns.items():
        if np.issubdtype(values.dtype, np.floating):
            bad = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
            if bad.any():
                found[name] = np.flatnonzero(bad).tolist()
    return found
