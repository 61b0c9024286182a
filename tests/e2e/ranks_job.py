"""One process of a job: trains a small network as the configuration says, alone or as one of several ranks.

python tests/e2e/ranks_job.py CONFIG [freeze] [evaluate] KEY=VALUE ...

``MeanSquares`` is a mean over all pixels of all images. So the mean of its gradients over ranks is its gradient over
the whole batch, which does not hold for a loss that counts text pixels, such as DBLoss. ``freeze`` keeps the BatchNorm
statistics; ``evaluate`` scores a checkpoint instead. Losses and scores go to ``losses_<rank>.json``.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mindspore import nn, ops

from mindocr.cli.run import run_tool
from mindocr.config.check import check
from mindocr.config.compat import upgrade
from mindocr.config.read import resolve
from mindocr.engine.evaluate import evaluator
from mindocr.engine.runtime import build
from mindocr.engine.train import trainer
from mindocr.registry import BACKBONES, LOSSES


class SmallBackbone(nn.Cell):
    """Four strided convolutions, strides 4 to 32."""

    def __init__(self, width: int = 8, pretrained: bool = False) -> None:
        super().__init__()
        self.pretrained = pretrained
        self.out_channels = [width] * 4
        self.strides = [4, 8, 16, 32]
        sources, strides = [3, width, width, width], [4, 2, 2, 2]
        self.stages = nn.CellList(
            [
                nn.SequentialCell(nn.Conv2d(source, width, 3, stride), nn.BatchNorm2d(width))
                for source, stride in zip(sources, strides)
            ]
        )

    def construct(self, x):
        features = []
        for stage in self.stages:
            x = ops.relu(stage(x))
            features.append(x)
        return features


class MeanSquares(nn.Cell):
    """Mean squared difference of the probability map."""

    reads = ("prob",)
    labels = ("binary_map",)
    term_names = ("squares",)

    def __init__(self) -> None:
        super().__init__()

    def construct(self, prob, binary_map):
        total = ops.square(prob - ops.cast(binary_map, prob.dtype).reshape(prob.shape)).mean()
        return total, total.reshape((1,))


def main() -> None:
    source, *overrides = sys.argv[1:]
    for registry in (BACKBONES, LOSSES):
        registry.names()
    BACKBONES.register(SmallBackbone)
    LOSSES.register(MeanSquares)
    flags = [word for word in overrides if "=" not in word]
    if "freeze" in flags:
        _freeze_batch_norm()
    upgraded = upgrade(resolve(Path(source), [word for word in overrides if word not in flags]))
    config = check(upgraded.values, source, upgraded.problems)
    if "evaluate" in flags:
        evaluator.run(config)
        return
    result = trainer.run(config)
    rank = os.environ.get("OMPI_COMM_WORLD_RANK") or os.environ.get("RANK_ID") or "0"
    text = json.dumps({"losses": result.losses, "scores": result.scores})
    (result.folder / f"losses_{rank}.json").write_text(text, encoding="utf-8")


def _freeze_batch_norm() -> None:
    build_network = build.network

    def frozen(*args, **kwargs):
        network = build_network(*args, **kwargs)
        for _, cell in network.cells_and_names():
            if isinstance(cell, nn.BatchNorm2d):
                cell.use_batch_statistics = False
        return network

    build.network = frozen


if __name__ == "__main__":
    run_tool(main)
