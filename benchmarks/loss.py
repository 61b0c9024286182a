"""Time of DBLoss: choosing hard negatives by bisection compared with a full sort and a fixed-size top-k.

    python benchmarks/loss.py [--size 640] [--batch 2] [--repeats 15]

Prints a table of milliseconds (forward only, and forward with gradient) and one JSON line.
"""

import argparse
import contextlib
import io
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

import mindocr  # noqa: F401  sets the oneDNN cap before mindspore starts

# isort: split
import mindspore as ms
from mindspore import Tensor, nn, ops

from mindocr.losses import DBLoss, masked


def select_by_sort(losses: Tensor, count: Tensor) -> Tensor:
    """All pixels with at least the loss that is at rank ``count`` after a full sort."""
    ranked, _ = ops.sort(losses, descending=True)
    rank = ops.cast(ops.maximum(count - 1, ops.zeros_like(count)), ms.int32)
    threshold = ops.gather_elements(ranked, 1, rank)
    return ops.cast(ops.logical_and(losses >= threshold, losses > 0), ms.float32)


def select_by_top_k(losses: Tensor, count: Tensor) -> Tensor:
    """As with sorting, but with a top-k of a quarter of the pixels: enough if text covers less than a sixteenth."""
    ranked, _ = ops.topk(losses, losses.shape[-1] // 4)
    rank = ops.cast(ops.maximum(count - 1, ops.zeros_like(count)), ms.int32)
    threshold = ops.gather_elements(ranked, 1, rank)
    return ops.cast(ops.logical_and(losses >= threshold, losses > 0), ms.float32)


SELECTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "bisection (ours)": masked.select_hardest,
    "full sort": select_by_sort,
    "top-k, fixed size": select_by_top_k,
}


class Gradient(nn.Cell):
    """The loss and its gradient for the prediction, in one graph."""

    def __init__(self, loss: nn.Cell) -> None:
        super().__init__()
        self.compute = ms.value_and_grad(loss, 0, None, has_aux=True)

    def construct(self, pred: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        (total, _), gradient = self.compute(pred, a, b, c, d)
        return total, gradient


def make_inputs(batch: int, size: int) -> list[Tensor]:
    """Random maps with 4 % text."""
    rng = np.random.default_rng(0)
    shape = (batch, size, size)
    maps = [
        rng.random(shape) < 0.04,
        rng.random(shape) < 0.95,
        rng.uniform(0.3, 0.7, shape),
        rng.random(shape) < 0.1,
    ]
    pred = rng.uniform(0.001, 0.999, (batch, 3, size, size))
    return [Tensor(np.asarray(a, np.float32)) for a in (pred, *maps)]


def call(cell: nn.Cell, inputs: list[Tensor]) -> tuple[float, float]:
    """(milliseconds, value of the loss) of one call."""
    start = time.perf_counter()
    value = float(cell(*inputs)[0].asnumpy())
    return (time.perf_counter() - start) * 1000, value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    ms.set_context(mode=ms.GRAPH_MODE)
    with contextlib.redirect_stderr(io.StringIO()):
        ops.ones((1,), ms.float32)

    inputs = make_inputs(args.batch, args.size)
    cells: dict[str, tuple[nn.Cell, nn.Cell]] = {}
    for name, select in SELECTIONS.items():
        masked.select_hardest = select
        cells[name] = (DBLoss(), Gradient(DBLoss()))
        for cell in cells[name]:
            call(cell, inputs)  # compiles with this selection
    cells["no mining (Dice)"] = (DBLoss(bce_replace="diceloss"), Gradient(DBLoss(bce_replace="diceloss")))

    durations: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in cells}
    values = {}
    for repeat in range(args.repeats + 1):  # in turn, so that a busy moment of the machine hits all alike
        for name, pair in cells.items():
            for cell, times in zip(pair, durations[name]):
                elapsed, values[name] = call(cell, inputs)
                if repeat > 0:
                    times.append(elapsed)

    print(f"DBLoss on {args.batch} x {args.size} x {args.size}, milliseconds of {args.repeats} calls in graph mode")
    print(
        f"{'negatives chosen by':<20}{'forward: median':>17}{'best':>8}{'with gradient: median':>24}"
        f"{'best':>8}{'loss':>12}"
    )
    results = {}
    for name, (forward, both) in durations.items():
        row = {
            "forward_median_ms": round(statistics.median(forward), 1),
            "forward_best_ms": round(min(forward), 1),
            "gradient_median_ms": round(statistics.median(both), 1),
            "gradient_best_ms": round(min(both), 1),
            "loss": values[name],
        }
        results[name] = row
        print(
            f"{name:<20}{row['forward_median_ms']:>17}{row['forward_best_ms']:>8}{row['gradient_median_ms']:>24}"
            f"{row['gradient_best_ms']:>8}{row['loss']:>12.6f}"
        )
    print(json.dumps({"benchmark": "loss", "batch": args.batch, "size": args.size, "results": results}))


if __name__ == "__main__":
    main()
