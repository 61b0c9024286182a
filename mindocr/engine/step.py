"""One training step as a MindSpore cell: forward, loss, scaling, accumulation, clipping, update, EMA.

Everything that changes from step to step (loss scale, counters, accumulated gradients) is a parameter of the cell, so a
step has static shapes, runs in graph and PyNative mode alike, and can be saved whole.
"""

import mindspore as ms
from mindspore import nn, ops

from mindocr.optim import clip_by_global_norm, global_norm

MAX_LOSS_SCALE = 2.0**24


class _Forward(nn.Cell):
    """Scaled loss of one batch; the plain loss and its terms come along."""

    def __init__(self, network: nn.Cell, loss: nn.Cell) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.loss = loss

    def construct(self, scale, image, *labels):
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
        """Take note of a step; returns its outcome unchanged."""
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

    A non-finite gradient never reaches the weights: the update is dropped and the caller told.

    Args:
        network: the detector; its first input is the image batch.
        loss: cell returning (total, terms) from the network's output and the label maps.
        optimizer: applied to the mean gradient.
        loss_scale: multiplies the loss before and divides the gradients after the backward pass.
        clip_norm: largest allowed global norm of the gradients, or None.
        accumulation_steps: batches whose gradients are averaged into one update.
        ema: moving average of the weights, updated with each update, or None.
        reducer: averages gradients over ranks, or None.

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
    ) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.optimizer = optimizer
        self.loss_scale = loss_scale
        self.clip_norm = clip_norm
        self.ema = ema
        self.reducer = reducer
        self.weights = optimizer.parameters
        self.forward = _Forward(network, loss)
        self.gradient = ops.value_and_grad(self.forward, None, self.weights, has_aux=True)
        self.accumulation_steps = accumulation_steps
        self.accumulates = accumulation_steps > 1
        if self.accumulates:
            self.sums = self.weights.clone(prefix="accumulated", init="zeros")
            self.micro_step = ms.Parameter(ms.Tensor(0, ms.int32), name="micro_step", requires_grad=False)

    def construct(self, image, *labels):
        (_, total, terms), gradients = self.gradient(self.loss_scale.scale, image, *labels)
        unscale = 1.0 / (self.loss_scale.scale * self.accumulation_steps)
        gradients = self._scaled(gradients, unscale)
        if self.accumulates:
            return self._accumulate(total, terms, gradients)
        finite, norm = self._apply(gradients)
        return total, terms, finite, norm

    def _scaled(self, gradients, factor):
        scaled = ()
        for gradient in gradients:
            scaled += (gradient * factor.astype(gradient.dtype),)
        return scaled

    def _accumulate(self, total, terms, gradients):
        for i in range(len(self.sums)):
            total = ops.depend(total, ops.assign_add(self.sums[i], gradients[i]))
        norm = global_norm(gradients)
        finite = ops.isfinite(norm)
        count = ops.depend(self.micro_step + 1, total)
        total = ops.depend(total, ops.assign(self.micro_step, count % self.accumulation_steps))
        if count == self.accumulation_steps:
            sums = ()
            for i in range(len(self.sums)):
                sums += (ops.depend(self.sums[i] + 0.0, total),)
            finite, norm = self._apply(sums)
            for i in range(len(self.sums)):
                cleared = ops.depend(ops.zeros_like(self.sums[i]), norm)
                finite = ops.depend(finite, ops.assign(self.sums[i], cleared))
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
