"""The text of a photograph: lines, words or characters with polygons and confidences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from mindocr.geometry import Polygon
from mindocr.utils.visualize import draw_polygons

Level = Literal["line", "word", "character"]
LEVELS: tuple[str, ...] = get_args(Level)


@dataclass(frozen=True)
class Word:
    """A word of a line, or one of its characters.

    Attributes:
        polygon: (K, 2) float32, pixels (x, y) of the photograph, clockwise; inside the polygon of the line.
        text: its characters, without spaces.
        confidence: mean probability of the characters, in [0, 1].
    """

    polygon: Polygon
    text: str
    confidence: float


@dataclass(frozen=True)
class Line:
    """One line of text.

    Attributes:
        polygon: (K, 2) float32, pixels (x, y) of the photograph, clockwise; a quad begins at the top left corner of
            the text as it is read.
        text: its characters.
        confidence: mean probability of the characters, in [0, 1].
        score: confidence of the detection, in [0, 1].
        parts: its words or characters, in reading order, by the level of the page; empty at the level of lines.
    """

    polygon: Polygon
    text: str
    confidence: float
    score: float
    parts: Sequence[Word] = ()


@dataclass(frozen=True)
class Page:
    """The text of one photograph.

    Attributes:
        lines: in reading order.
        image_size: (h, w) in pixels.
        path: file of the photograph; None for an array.
        left_out: lines that were found and could not be read with the confidence asked for.
        level: the smallest parts whose polygons are known.
    """

    lines: list[Line]
    image_size: tuple[int, int]
    path: str | None = None
    left_out: int = field(default=0, compare=False)
    level: Level = "line"

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def text(self) -> str:
        """All lines, one below the other; at the level of words with a space between any two words."""
        return "\n".join(
            " ".join(word.text for word in line.parts) if self.level == "word" and line.parts else line.text
            for line in self.lines
        )

    @property
    def parts(self) -> list[Line | Word]:
        """The lines, words or characters of the page, by its level, in reading order."""
        if self.level == "line":
            return list(self.lines)
        return [part for line in self.lines for part in line.parts]

    def to_json(self) -> dict[str, Any]:
        """``{"image", "size": [h, w], "lines": [{"transcription", "points", "confidence", "score"}]}``.

        By the level of the page, each line has ``"words"`` or ``"characters"`` too, a list of ``{"transcription",
        "points", "confidence"}``. Points are rounded to 0.1 pixel, confidences to 4 digits.
        """
        lines = []
        for line in self.lines:
            lines.append({**_entry(line), "score": round(line.score, 4)})
            if self.level != "line":
                lines[-1][f"{self.level}s"] = [_entry(part) for part in line.parts]
        return {"image": self.path, "size": list(self.image_size), "lines": lines}

    def entries(self) -> list[dict[str, Any]]:
        """``{"transcription", "points", "confidence"}`` of each of :attr:`parts`, rounded as in :meth:`to_json`."""
        return [_entry(part) for part in self.parts]

    def draw(self, image: np.ndarray) -> np.ndarray:
        """Draw the polygons of :attr:`parts` with their confidences on a copy of the photograph, (H, W, 3) uint8 RGB.

        The photograph may be reduced. Characters are too narrow for their confidences, which are left out.
        """
        parts = self.parts
        scale = np.float32(image.shape[1] / max(self.image_size[1], 1))
        confidences = None if self.level == "character" else [part.confidence for part in parts]
        return draw_polygons(image, [part.polygon * scale for part in parts], confidences)


def _entry(part: Line | Word) -> dict[str, Any]:
    return {
        "transcription": part.text,
        "points": np.round(np.asarray(part.polygon, dtype=float), 1).tolist(),
        "confidence": round(part.confidence, 4),
    }
