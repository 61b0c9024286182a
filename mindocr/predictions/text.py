"""Text recognition: the text of one crop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import cv2
import numpy as np

from mindocr.predictions.base import Prediction


@dataclass
class Text(Prediction):
    """The text of one line.

    Attributes:
        text: the characters; empty if none was read.
        confidence: mean probability of the characters, in [0, 1]; 0 for an empty text.
        steps: for each character the time step at which it begins.
        total_steps: time steps of the line, padding included.
    """

    text: str = ""
    confidence: float = 0.0
    steps: list[int] = field(default_factory=list)
    total_steps: int = 0

    kind: ClassVar[str] = "lines"
    prefix: ClassVar[str] = "rec_"
    entries_key: ClassVar[str] = "text"
    report: ClassVar[str] = "RecognitionReport"
    health_check: ClassVar[str] = "RecognitionHealth"

    def to_json(self) -> dict[str, Any]:
        """All members by name."""
        return {
            "text": self.text, "confidence": self.confidence, "steps": self.steps, "total_steps": self.total_steps,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Text:
        """The inverse of :meth:`to_json`."""
        return cls(value["text"], value["confidence"], list(value["steps"]), value["total_steps"])

    def entries(self) -> dict[str, Any]:
        """``{"transcription": ..., "confidence": ...}``, rounded to 4 digits."""
        return {"transcription": self.text, "confidence": round(self.confidence, 4)}

    def result_line(self, image: str) -> str:
        """The image, the text and its confidence, separated by tabs."""
        return f"{image}\t{self.text}\t{self.confidence:.4f}"

    def draw(self, image: np.ndarray) -> np.ndarray:
        """The crop over a white strip with the text; characters outside ASCII appear as question marks."""
        strip = np.full((24, image.shape[1], 3), 255, np.uint8)
        cv2.putText(strip, self.text, (2, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
        return np.concatenate([image, strip])
