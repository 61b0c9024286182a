"""Why a detector finds no text: probability maps, label maps and polygons of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mindocr.data.transforms.load import DecodeImage
from mindocr.engine.diagnose.zero_score.causes import Cause
from mindocr.engine.diagnose.zero_score.detection_causes import find_causes
from mindocr.engine.diagnose.zero_score.detection_statistics import (
    EvaluationStatistics,
    TrainingStatistics,
)
from mindocr.engine.diagnose.zero_score.health import HealthCheck
from mindocr.engine.diagnose.zero_score.health_statistics import RunStatistics, WeightStatistics
from mindocr.errors import DataError
from mindocr.predictions.detection import text_map
from mindocr.registry import HEALTH_CHECKS
from mindocr.utils import visualize
from mindocr.utils.wording import count

_SHOWN = 480  # pixels, height of the panels


@HEALTH_CHECKS.register
class DetectionHealth(HealthCheck):
    """For detectors whose post-processing gives a map of the probability of text.

    Args:
        postprocess: see :func:`mindocr.predictions.detection.text_map`; its thresholds appear in messages, that of the
            map under the name that its ``text_threshold`` gives, by default ``binary_thresh``; provided.

    Attributes:
        seen: statistics of the last evaluation.
        training: statistics of the training batches; empty where only weights are evaluated.
    """

    def __init__(self, postprocess: Any = None) -> None:
        super().__init__(postprocess)
        self.training = TrainingStatistics()
        self.begin_evaluation()

    def begin_evaluation(self) -> None:
        """Forget the images of the previous evaluation."""
        name = getattr(self.postprocess, "text_threshold", "binary_thresh")
        text, box = (getattr(self.postprocess, key, 0.0) for key in (name, "box_thresh"))
        self.seen = EvaluationStatistics(text, box, threshold_name=name)

    def add_batch(self, batch: Mapping[str, Any] | None) -> None:
        """Examine the label maps of a training batch."""
        self.training.add(batch)

    def add_image(
        self, path: str, outputs: Mapping[str, np.ndarray], prediction: Any, columns: Mapping[str, Any]
    ) -> None:
        """Examine the probability map, the polygons and the ground truth of an image."""
        prob = text_map(self.postprocess, outputs)
        self.seen.add(path, columns["shape_list"], prob, prediction, columns["polys"], columns["ignore_tags"])

    def find_causes(self, weights: WeightStatistics, run: RunStatistics | None = None) -> list[Cause]:
        """All causes that apply, the most fundamental first."""
        return find_causes(self.seen, weights, self.training if self.training.batches else None, run)

    def draw(self, path: Path) -> Path | None:
        """Ground truth, probability map and detections of one image, side by side; None where it cannot be written."""
        return draw(self.seen, path)


def draw(seen: EvaluationStatistics, path: Path) -> Path | None:
    """Ground truth, probability map and detections of the example, side by side; None where it cannot be written."""
    if seen.example is None:
        return None
    image, prob = seen.example
    height, width, *_ = image.shape
    photo = _photo(image.path, (round(height), round(width)))
    counted = [text for text, no in zip(image.truth, image.ignore) if not no]
    ignored = [text for text, no in zip(image.truth, image.ignore) if no]
    truth = visualize.draw_polygons(photo, ignored, color=visualize.YELLOW)
    truth = visualize.draw_polygons(truth, counted, color=visualize.GREEN)
    heat = visualize.overlay_map(photo, prob)
    found = visualize.draw_polygons(photo, image.found.polys, image.found.scores, visualize.RED)
    titles = [
        f"{count(len(counted), 'text')} to find, {len(ignored)} ignored",
        f"probability, highest {image.highest:.4g}",
        count(len(image.found), "detection"),
    ]
    sheet = visualize.side_by_side([truth, heat, found], titles, _SHOWN)
    return path if cv2.imwrite(str(path), sheet[..., ::-1]) else None


def _photo(path: str, size: tuple[int, int]) -> np.ndarray:
    try:
        return DecodeImage(img_mode="RGB")({"img_path": path})["image"]
    except DataError:
        return np.full((*size, 3), 128, np.uint8)
