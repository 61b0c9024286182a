"""One training step as a MindSpore cell: forward, loss, scaling, accumulation, clipping, update, EMA.

Everything that changes from step to step (loss scale, counters, accumulated gradients) is a parameter of the cell, so a
step has static shapes, runs in graph and PyNative mode alike, and can be saved completely.
"""

from typing import Any

import mindspore as ms
from mindspore import nn, ops

from mindocr.losses.pairing import pick
from mindocr.models.network import statistics
from mindocr.optim import clip_by_global_norm, global_norm

MAX_LOSS_SCALE = 2.0**24


_scale = ops.MultitypeFuncGraph("scale_gradient")
_add = ops.MultitypeFuncGraph("add_gradient")
_clear = ops.MultitypeFuncGraph("clear_gradient")


@_scale.register("Tensor", "Tensor")
def _scale_one(factor, gradient):
    return gradient * ops.cast(factor, gradient.dtype)


@_add.register("Tensor", "Tensor")
def _add_one(kept, gradient):
    return ops.assign_add(kept, gradient)


@_clear.register("Tensor")
def _clear_one(kept):
    return ops.assign(kept, ops.zeros_like(kept))


_copy = ops.MultitypeFuncGraph("copy_statistic")
_put_back = ops.MultitypeFuncGraph("put_back_statistic")


@_copy.register("Tensor")
def _copy_one(value):
    return value + 0.0


@_put_back.register("Tensor", "Tensor", "Tensor")
def _put_back_one(finite, current, kept):
    return ops.assign(current, ops.select(ops.broadcast_to(finite, current.shape), current, kept))


def columns_of(network: Any, loss: Any) -> tuple[str, ...]:
    """Batch columns that a step takes: those of the network, the image first, then those of the loss; each once."""
    return tuple(dict.fromkeys((*network.inputs, *loss.labels)))


class _Forward(nn.Cell):
    """Scaled loss of one batch, with the unscaled loss and its terms."""

    def __init__(self, network: nn.Cell, loss: nn.Cell, prepare: nn.Cell | None) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.loss = loss
        self.prepare = prepare
        # Networks and losses that are not parts of a configuration take the image, and all labels
        inputs = getattr(network, "inputs", ("image",))
        self.shared = len(inputs) > 1
        columns = columns_of(network, loss)[1:] if self.shared else ()
        self.of_network = tuple(columns.index(name) for name in inputs[1:])
        self.of_loss = tuple(columns.index(name) for name in loss.labels) if self.shared else ()

    def construct(self, scale, image, *labels):
        if self.prepare is not None:
            image = self.prepare(image)
        if self.shared:
            outputs = self.network(image, *pick(labels, self.of_network))
            total, terms = self.loss(outputs, *pick(labels, self.of_loss))
        else:
            total, terms = self.loss(self.network(image), *labels)
        return total * scale, total, terms


class LossScale(nn.Cell):
    """Loss scale, constant or adapted: halved (by ``factor``) on overflow, raised after ``window`` good steps."""

    def __init__(self, kind: str, scale: float, factor: float, window: int) -> None:
        super().__init__()
        self.dynamic = kind == "dynamic"
        self.factor = float(factor)
        self.window = int(window)
        self.scale = ms.Parameter(ms.Tensor(scale, ms.float32), name="loss_scale", requires_grad=False)
        self.good_steps = ms.Parameter(ms.Tensor(0, ms.int32), name="loss_scale_good_steps", requires_grad=False)

    def construct(self, finite):
        """Adapt the scale after a step; returns ``finite`` unchanged."""
        if self.dynamic:
            good = ops.select(finite, self.good_steps + 1, ops.zeros_like(self.good_steps))
            grow = good >= self.window
            raised = ops.minimum(self.scale * self.factor, ops.full_like(self.scale, MAX_LOSS_SCALE))
            lowered = ops.maximum(self.scale / self.factor, ops.ones_like(self.scale))
            scale = ops.select(finite, ops.select(grow, raised, self.scale + 0.0), lowered)
            finite = ops.depend(finite, ops.assign(self.scale, scale))
            finite = ops.depend(finite, ops.assign(self.good_steps, ops.select(grow, ops.zeros_like(good), good)))
        return finite


class TrainStep(nn.Cell):
    """Train ``network`` on one batch.

    A non-finite gradient never reaches the weights: the update is dropped, and the caller gets a flag.

    Args:
        network: takes the image batch, and those of the label columns that its ``inputs`` name.
        loss: cell returning (total, terms) from the network's outputs and the labels, see
            :class:`mindocr.losses.pairing.PairedLoss`.
        optimizer: applied to the mean gradient.
        loss_scale: multiplies the loss before and divides the gradients after the backward pass.
        clip_norm: largest allowed global norm of the gradients, or None.
        accumulation_steps: batches whose gradients are averaged into one update.
        ema: moving average of the weights, updated with each update, or None.
        reducer: averages gradients over ranks, or None.
        prepare: computes the network's input from the image batch; None = the image batch is the input.

    Outputs: total loss (scalar), its terms (K,), True where all gradients were finite, global gradient norm. The last
    two refer to this batch alone while gradients accumulate.
    """

    def __init__(
        self,
        network: nn.Cell,
        loss: nn.Cell,
        optimizer: nn.Optimizer,
        loss_scale: LossScale,
        clip_norm: float | None = None,
        accumulation_steps: int = 1,
        ema: nn.Cell | None = None,
        reducer: nn.Cell | None = None,
        prepare: nn.Cell | None = None,
    ) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.optimizer = optimizer
        self.loss_scale = loss_scale
        self.clip_norm = clip_norm
        self.ema = ema
        self.reducer = reducer
        self.weights = optimizer.parameters
        self.forward = _Forward(network, loss, prepare)
        self.gradient = ops.value_and_grad(self.forward, None, self.weights, has_aux=True)
        # No loops: a compiled loop becomes nested calls, one per weight, and ResNet-50 has too many weights.
        self.for_each = ops.HyperMap()
        # The forward pass writes them, so a failed step would leave them non-finite for ever
        self.statistics = ms.ParameterTuple(statistics(network))
        self.has_statistics = len(self.statistics) > 0
        self.accumulation_steps = accumulation_steps
        self.accumulates = accumulation_steps > 1
        if self.accumulates:
            self.sums = self.weights.clone(prefix="accumulated", init="zeros")
            self.micro_step = ms.Parameter(ms.Tensor(0, ms.int32), name="micro_step", requires_grad=False)

    def construct(self, image, *labels):
        kept = ()
        if self.has_statistics:
            kept = self.for_each(_copy, self.statistics)
            image = ops.depend(image, kept)
        (_, total, terms), gradients = self.gradient(self.loss_scale.scale, image, *labels)
        unscale = 1.0 / (self.loss_scale.scale * self.accumulation_steps)
        gradients = self.for_each(ops.partial(_scale, unscale), gradients)
        if self.accumulates:
            total, terms, finite, norm = self._accumulate(total, terms, gradients)
        else:
            finite, norm = self._apply(gradients)
        if self.has_statistics:
            norm = ops.depend(norm, self.for_each(ops.partial(_put_back, finite), self.statistics, kept))
        return total, terms, finite, norm

    def _accumulate(self, total, terms, gradients):
        total = ops.depend(total, self.for_each(_add, self.sums, gradients))
        norm = global_norm(gradients)
        finite = ops.isfinite(norm)
        count = self.micro_step + 1
        ops.assign(self.micro_step, count % self.accumulation_steps)
        if count == self.accumulation_steps:
            finite, norm = self._apply(self.sums)
            norm = ops.depend(norm, self.for_each(_clear, self.sums))
        return total, terms, finite, norm

    def _apply(self, gradients):
        if self.reducer is not None:
            gradients = self.reducer(gradients)
        if self.clip_norm is None:
            norm = global_norm(gradients)
        else:
            gradients, norm = clip_by_global_norm(gradients, self.clip_norm)
        finite = ops.isfinite(norm)
        if finite:
            norm = ops.depend(norm, self.optimizer(gradients))
            if self.ema is not None:
                norm = ops.depend(norm, self.ema())
        finite = self.loss_scale(finite)
        return finite, norm
