"""A small data set on disk, with images that do not look alike; tests add faults to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mindocr.inspection.kinds import Problem
from mindocr.inspection.settings import Settings
from mindocr.inspection.survey import Inspection, Source, inspect

SIZE = (240, 320)  # h, w
GOOD = [[40, 50], [140, 50], [140, 90], [40, 90]]


def picture(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(h, w, 3) uint8: smooth coloured blobs, different for each seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(noise, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)


def jpeg(image: np.ndarray, quality: int = 92) -> bytes:
    """The picture as a JPEG file."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def text(points: Any = GOOD, transcription: str = "word", **more: Any) -> dict[str, Any]:
    """A text of a label line."""
    return {"transcription": transcription, "points": points, **more}


class SmallSet:
    """Images and label lines of one part."""

    def __init__(self, folder: Path, part: str = "train", first_seed: int = 0) -> None:
        self.part = part
        self.folder = folder / part
        self.file = folder / f"{part}_gt.txt"
        self.folder.mkdir(parents=True)
        self.lines: list[str] = []
        self._seed = first_seed

    def add(self, *texts: dict[str, Any], name: str = "", content: bytes | None = None) -> str:
        """Write an image and its line; returns the image's name."""
        self._seed += 1
        name = name or f"{self._seed:03d}.jpg"
        (self.folder / name).write_bytes(jpeg(picture(self._seed)) if content is None else content)
        self.line(f"{name}\t{json.dumps(list(texts or [text()]), ensure_ascii=False)}")
        return name

    def line(self, line: str | bytes) -> None:
        """Add a raw line and write the label file."""
        self.lines.append(line if isinstance(line, str) else line.decode("utf-8", errors="surrogateescape"))
        content = "".join(f"{each}\n" for each in self.lines)
        self.file.write_bytes(content.encode("utf-8", errors="surrogateescape"))

    @property
    def source(self) -> Source:
        return Source(self.part, self.folder, self.file)


def look(*sets: SmallSet, **settings: Any) -> Inspection:
    """Inspect in this process, without a progress bar."""
    return inspect([one.source for one in sets], Settings(**settings), workers=1, progress=False)


def found(inspection: Inspection) -> dict[str, list[tuple[int, int]]]:
    """Kind -> (line number, text number) of every problem."""
    result: dict[str, list[tuple[int, int]]] = {}
    for problem in inspection.problems:
        line = inspection.lines[problem.line]
        result.setdefault(problem.kind, []).append((line.number, problem.text))
    return result


def details(inspection: Inspection, kind: str) -> list[str]:
    """Details of the problems of a kind."""
    problems: list[Problem] = inspection.of_kind(kind)
    return [problem.detail for problem in problems]
