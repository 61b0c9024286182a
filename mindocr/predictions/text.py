"""Text recognition: the text of one crop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import cv2
import numpy as np

from mindocr.predictions.base import Prediction


class Character(NamedTuple):
    """One character of a line, and where it is: time steps divide the width of the line into equal parts.

    Attributes:
        text: an entry of the character dictionary, as a rule one character.
        start, end: the time steps that show it, from ``start`` to before ``end``.
        confidence: probability at its first step, in [0, 1].
        space: highest probability of a space at the steps between the character before and this one, in [0, 1]. Where
            the text has no space there, it was still less probable than the blank.
    """

    text: str
    start: int
    end: int
    confidence: float
    space: float = 0.0


@dataclass
class Text(Prediction):
    """The text of one line.

    Attributes:
        text: the characters; empty if none was read.
        confidence: mean probability of the characters, in [0, 1]; 0 for an empty text.
        characters: each character with its time steps; empty where the network has none.
        total_steps: time steps of the line, padding included.
        filled: share of the time steps that show the line; the rest, on the right, shows padding. It may be slightly
            above 1, if the last step shows less than others.
    """

    text: str = ""
    confidence: float = 0.0
    characters: list[Character] = field(default_factory=list)
    total_steps: int = 0
    filled: float = 1.0

    kind: ClassVar[str] = "lines"
    prefix: ClassVar[str] = "rec_"
    entries_key: ClassVar[str] = "text"
    report: ClassVar[str] = "RecognitionReport"
    health_check: ClassVar[str] = "RecognitionHealth"
    metric: ClassVar[str] = "RecMetric"
    place: ClassVar[tuple[str, ...]] = ("polygon",)

    def to_json(self) -> dict[str, Any]:
        """All members by name."""
        return {
            "text": self.text, "confidence": self.confidence, "characters": [list(each) for each in self.characters],
            "total_steps": self.total_steps, "filled": self.filled,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Text:
        """The inverse of :meth:`to_json`."""
        characters = [Character(*each) for each in value["characters"]]
        return cls(value["text"], value["confidence"], characters, value["total_steps"], value["filled"])

    def spans(self) -> np.ndarray:
        """(N, 2) float64: where each character begins and ends, as shares of the width of the line."""
        steps = np.array([(each.start, each.end) for each in self.characters], dtype=np.float64).reshape(-1, 2)
        return steps / (max(self.total_steps, 1) * self.filled)

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
