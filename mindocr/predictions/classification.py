"""Classification: one class for the whole image, such as the direction of a text line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np

from mindocr.predictions.base import Prediction


@dataclass
class Classification(Prediction):
    """The class of one image.

    Attributes:
        label: name of the class, such as ``180`` for a text line that is upside down.
        confidence: probability of the class, in [0, 1].
    """

    label: str
    confidence: float

    kind: ClassVar[str] = "classes"
    prefix: ClassVar[str] = "cls_"
    entries_key: ClassVar[str] = "class"
    metric: ClassVar[str] = "ClsMetric"

    def to_json(self) -> dict[str, Any]:
        """``{"label": ..., "confidence": ...}``, without rounding."""
        return {"label": self.label, "confidence": self.confidence}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Classification:
        """The inverse of :meth:`to_json`."""
        return cls(value["label"], value["confidence"])

    def entries(self) -> dict[str, Any]:
        """``{"label": ..., "confidence": ...}``, rounded to 4 digits."""
        return {"label": self.label, "confidence": round(self.confidence, 4)}

    def result_line(self, image: str) -> str:
        """The image, the class and its confidence, separated by tabs."""
        return f"{image}\t{self.label}\t{self.confidence:.4f}"

    def draw(self, image: np.ndarray) -> np.ndarray:
        """The image over a white strip with the class and its confidence."""
        strip = np.full((24, image.shape[1], 3), 255, np.uint8)
        text = f"{self.label} {self.confidence:.2f}"
        cv2.putText(strip, text, (2, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
        return np.concatenate([image, strip])
