"""Text detection: polygons with scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from mindocr.formats.label_file import format_label_line
from mindocr.geometry import Polygon
from mindocr.geometry.overlap import pairwise_iou
from mindocr.predictions.base import AGREEING, Prediction
from mindocr.utils.visualize import draw_polygons

SAME_PLACE = 0.8  # IoU; where a probability is at the threshold, rounding may move an edge by a pixel


@dataclass
class Detection(Prediction):
    """Text found in one image.

    Attributes:
        polys: polygons (K_i, 2) float32, pixels (x, y) of the source image, clockwise on the screen.
        scores: one per polygon, in [0, 1]; higher means more confident.
        rejections: number of rejected candidates by reason; empty if there were none.
        highest: highest probability in the map if nothing was found, otherwise None. It distinguishes a network that
            detects nothing from thresholds that are too high.
    """

    polys: list[Polygon] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    rejections: dict[str, int] = field(default_factory=dict)
    highest: float | None = None

    kind: ClassVar[str] = "texts"
    prefix: ClassVar[str] = "det_"
    entries_key: ClassVar[str] = "detections"
    report: ClassVar[str] = "DetectionReport"
    health_check: ClassVar[str] = "DetectionHealth"
    metric: ClassVar[str] = "DetMetric"

    def __len__(self) -> int:
        return len(self.polys)

    def to_json(self) -> dict[str, Any]:
        """``{"polygons": [[[x, y], ...], ...], "scores": [...]}``, source pixels, without rounding."""
        return {"polygons": [np.asarray(poly).tolist() for poly in self.polys], "scores": list(self.scores)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Detection:
        """The inverse of :meth:`to_json`; rejections are not restored."""
        return cls([np.array(poly, dtype=np.float32) for poly in value["polygons"]], list(value["scores"]))

    def disagreement(self, other: Prediction) -> str:
        """How other polygons for the same image differ; empty if each has one counterpart with the same score.

        Counterparts overlap by at least ``SAME_PLACE``; their order does not count.
        """
        assert isinstance(other, Detection)
        if len(self) != len(other):
            return f"{len(self)} texts became {len(other)}"
        overlaps = pairwise_iou(self.polys, other.polys)
        for i, row in enumerate(overlaps):
            best = int(np.argmax(row))
            if row[best] < SAME_PLACE:
                return f"text {i + 1} has no counterpart; the nearest overlaps it by {row[best]:.2f}"
            if int(np.argmax(overlaps[:, best])) != i:
                return f"text {i + 1} and another one have the same counterpart"
            if abs(self.scores[i] - other.scores[best]) > 10 * AGREEING:
                return f"score of text {i + 1}: {self.scores[i]:.4f} became {other.scores[best]:.4f}"
        return ""

    def entries(self) -> list[dict[str, Any]]:
        """``{"points": [[x, y], ...], "score": s}`` for each text; points rounded to 0.1 pixel, scores to 4 digits."""
        return [
            {"points": np.round(np.asarray(poly, dtype=float), 1).tolist(), "score": round(float(score), 4)}
            for poly, score in zip(self.polys, self.scores)
        ]

    def result_line(self, image: str) -> str:
        """One line in the format of a label file, with a score for each polygon and empty transcriptions.

        Any path is accepted, see :func:`mindocr.formats.label_file.quoted`.
        """
        return format_label_line(image, [{"transcription": "", **entry} for entry in self.entries()], quote=True)

    def draw(self, image: np.ndarray) -> np.ndarray:
        """Draw polygons and scores on a copy of the image, (H, W, 3) uint8 RGB."""
        return draw_polygons(image, self.polys, self.scores)


def text_map(postprocess: Any, outputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Probability of text at each pixel of the network's image, (H, W) in [0, 1], for reports and diagnoses.

    Args:
        postprocess: its method ``text_map`` computes the map from the outputs; without one, the map is the first output
            that it reads, (1, H, W).
        outputs: of one image, by name, without the batch axis.
    """
    own = getattr(postprocess, "text_map", None)
    return outputs[postprocess.reads[0]][0] if own is None else own(outputs)
