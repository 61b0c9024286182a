"""The text of a photograph: lines with polygons and confidences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mindocr.geometry import Polygon
from mindocr.utils.visualize import draw_polygons


@dataclass(frozen=True)
class Line:
    """One line of text.

    Attributes:
        polygon: (K, 2) float32, pixels (x, y) of the photograph, clockwise.
        text: its characters.
        confidence: mean probability of the characters, in [0, 1].
        score: confidence of the detection, in [0, 1].
    """

    polygon: Polygon
    text: str
    confidence: float
    score: float


@dataclass(frozen=True)
class Page:
    """The text of one photograph.

    Attributes:
        lines: in reading order.
        image_size: (h, w) in pixels.
        path: file of the photograph; None for an array.
        left_out: lines that were found and could not be read with the confidence asked for.
    """

    lines: list[Line]
    image_size: tuple[int, int]
    path: str | None = None
    left_out: int = field(default=0, compare=False)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def text(self) -> str:
        """All lines, one below the other."""
        return "\n".join(line.text for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """``{"image", "size": [h, w], "lines": [{"transcription", "points", "confidence", "score"}]}``.

        Points are rounded to 0.1 pixel, confidences to 4 digits.
        """
        lines = [
            {
                "transcription": line.text,
                "points": np.round(np.asarray(line.polygon, dtype=float), 1).tolist(),
                "confidence": round(line.confidence, 4),
                "score": round(line.score, 4),
            }
            for line in self.lines
        ]
        return {"image": self.path, "size": list(self.image_size), "lines": lines}

    def draw(self, image: np.ndarray) -> np.ndarray:
        """Draw the polygons with their confidences on a copy of the photograph, (H, W, 3) uint8 RGB."""
        return draw_polygons(image, [line.polygon for line in self.lines], [line.confidence for line in self.lines])
