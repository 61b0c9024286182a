"""Weights on the way from the untouched ones to the trained ones, of which the best by validation is kept.

A network that was trained further on few images is often better if it goes only a part of the way: Wortsman et al.,
Robust fine-tuning of zero-shot models, CVPR 2022, section 3 (there for classifiers of images).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mindspore import Tensor, nn, ops

from mindocr.config import Config
from mindocr.engine.evaluate.evaluator import build_evaluator
from mindocr.engine.export import checkpoint_file
from mindocr.engine.runtime import build
from mindocr.inference import dictionary
from mindocr.models.weights import read_checkpoint

SHARES = (0.2, 0.4, 0.6, 0.8)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Between:
    """Weights that were better than the trained ones.

    Attributes:
        share: of the way from the untouched weights to the trained ones, between 0 and 1.
        scores: on the validation images, as in performance.csv.
        ckpt: the file, of the weights alone.
    """

    share: float
    scores: Mapping[str, float]
    ckpt: Path


def find_better(config: Config, best: Path, score: float, output: Path) -> Between | None:
    """Evaluate weights at the :data:`SHARES` of the way on the validation images.

    Args:
        config: of the run; ``model.pretrained`` is the checkpoint of the untouched weights.
        best: the trained weights.
        score: their score by the metric's main indicator.
        output: checkpoint to write.

    Returns:
        The best of them, written to ``output``; None where none has a higher score than ``score``.
    """
    config = dictionary.complete(config, best, best.name)
    start = _released(config)
    network = build.network(config, training=False, ckpt=best)
    end = arrays_of(network)
    found: Between | None = None
    evaluator = build_evaluator(config, network)
    with closing(evaluator):
        for share in SHARES:
            go(network, start, end, share)
            evaluation = evaluator.run()
            logger.info("%.0f %% of the way from the untouched weights to the trained ones: %s", 100 * share,
                        evaluation.summary())  # fmt: skip
            reached = float(evaluation.scores[evaluator.main_indicator])
            if reached > score:
                score, found = reached, Between(share, evaluation.numbers(), output)
    if found is None:
        logger.info("none of them is better than the trained weights, which are kept")
        return None
    go(network, start, end, found.share)
    checkpoint_file.write(network, output, {})
    logger.info("the weights at %.0f %% of the way are kept", 100 * found.share)
    return found


def _released(config: Config) -> dict[str, np.ndarray]:
    """The untouched weights, with the classes of the run's dictionary.

    What they lack began at random, such as a detector's threshold branch; it stays as it was trained.
    """
    names = read_checkpoint(str(dictionary.pretrained_of(config)))
    return {name: value for name, value in arrays_of(build.network(config, training=True)).items() if name in names}


def arrays_of(network: nn.Cell) -> dict[str, np.ndarray]:
    """All parameters by name."""
    return {name: parameter.asnumpy().copy() for name, parameter in network.parameters_and_names()}


def go(network: nn.Cell, start: Mapping[str, np.ndarray], end: Mapping[str, np.ndarray], share: float) -> None:
    """Set the weights to ``start + share * (end - start)``; those that ``start`` lacks are those of ``end``.

    Args:
        network: has the parameters of ``end``.
        share: of the way.
    """
    for name, parameter in network.parameters_and_names():
        value = end[name]
        if name in start and value.dtype.kind == "f":
            value = ((1 - share) * start[name] + share * value).astype(value.dtype)
        ops.assign(parameter, Tensor(value))  # in place, so that compiled graphs see it
