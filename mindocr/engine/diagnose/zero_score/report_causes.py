"""Reports the causes of a zero score in the log and as a picture."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mindspore import nn

from mindocr.engine.diagnose.zero_score.causes import Cause
from mindocr.engine.diagnose.zero_score.health import HealthCheck
from mindocr.engine.diagnose.zero_score.health_statistics import WeightStatistics

logger = logging.getLogger(__name__)

LOW = 0.01  # a lower score counts as 0
PICTURE = "why_zero.png"


def explain(network: nn.Cell, health: HealthCheck, score: float, folder: Path) -> list[Cause]:
    """Report the causes of a ``score`` near 0 after an evaluation of a checkpoint; returns them."""
    if score >= LOW:
        return []
    causes = health.find_causes(look_at_weights(network))
    report(causes, health, folder, f"the score is {score:.4f}")
    return causes


def look_at_weights(network: nn.Cell) -> WeightStatistics:
    """Statistics that follow from the values of the weights alone."""
    bad = [p.name for p in network.get_parameters() if not np.isfinite(p.asnumpy()).all()]
    norms = [cell for _, cell in network.cells_and_names() if hasattr(cell, "moving_mean")]
    fresh = [c for c in norms if not c.moving_mean.asnumpy().any() and (c.moving_variance.asnumpy() == 1).all()]
    return WeightStatistics(bad, len(norms), len(fresh))


def report(causes: Sequence[Cause], health: HealthCheck, folder: Path, intro: str) -> None:
    """Log the causes as one block, and draw an example into ``folder``."""
    lines = [f"{intro}; why it is near 0:"]
    lines += [f"  - {cause.name}: {cause.numbers}. To do: {cause.remedy}" for cause in causes]
    picture = health.draw(folder / PICTURE)
    if not causes:
        hint = "; look at the picture, and at 'mindocr eval --report'" if picture is not None else ""
        lines.append(f"  - none of the known causes applies{hint}")
    if picture is not None:
        lines.append(f"  picture: {picture}")
    logger.warning("%s", "\n".join(lines))
