"""Diagnosis of a zero score for any task; tasks add checks of their outputs and labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.engine.diagnose.zero_score.causes import Cause, general_causes
from mindocr.engine.diagnose.zero_score.health_statistics import RunStatistics, WeightStatistics
from mindocr.registry import HEALTH_CHECKS


@HEALTH_CHECKS.register
class HealthCheck:
    """Watches training batches and evaluated images, and names the causes of a score near 0.

    A task registers a subclass and names it as ``health_check`` of its prediction type.

    Args:
        postprocess: the post-processing in use; provided.
    """

    def __init__(self, postprocess: Any = None) -> None:
        self.postprocess = postprocess

    def begin_evaluation(self) -> None:
        """Forget the images of the previous evaluation."""

    def add_batch(self, batch: Mapping[str, Any] | None) -> None:
        """Examine a training batch; None where the device takes batches from its own queue."""

    def add_image(
        self, path: str, outputs: Mapping[str, np.ndarray], prediction: Any, columns: Mapping[str, Any]
    ) -> None:
        """Examine an evaluated image.

        Args:
            path: its file.
            outputs: of the network for this image, by name, without the batch axis.
            prediction: of the post-processing.
            columns: the columns of the sample that post-processing and metric read.
        """

    def find_causes(self, weights: WeightStatistics, run: RunStatistics | None = None) -> list[Cause]:
        """All causes that apply, the most fundamental first; ``run`` is None where weights are only evaluated."""
        return general_causes(weights, run)

    def draw(self, path: Path) -> Path | None:
        """Draw one image with its ground truth, outputs and prediction; None where there is nothing to draw."""
        return None
