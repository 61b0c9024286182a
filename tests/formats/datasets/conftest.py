"""Folders for small raw samples of data sets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mindocr.formats import datasets
from mindocr.formats.datasets.common import Report
from mindocr.formats.label_file import parse_label_line

Line = tuple[str, list[tuple[str, list[list[float]]]]]


class RawSet:
    """A folder ``images``, a folder ``labels``, and their conversion."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images = folder / "images"
        self.labels = folder / "labels"
        self.images.mkdir()
        self.labels.mkdir()

    def draw(self, *names: str, size: tuple[int, int] = (300, 500)) -> None:
        """Write black images of ``size`` (h, w)."""
        for name in names:
            (self.images / name).parent.mkdir(parents=True, exist_ok=True)
            ok, data = cv2.imencode(Path(name).suffix.lower(), np.zeros((*size, 3), dtype=np.uint8))
            assert ok
            (self.images / name).write_bytes(data.tobytes())

    def write(self, files: Mapping[str, Any]) -> None:
        """Write annotation files: bytes and strings as they are, anything else as JSON."""
        for name, content in files.items():
            file = self.labels / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if not isinstance(content, bytes | str):
                content = json.dumps(content)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def convert(self, dataset: str, label: str = "", image: str = "", **options: Any) -> tuple[list[Line], Report]:
        """Convert; returns (image path, [(text, points), ...]) of each line, and the report."""
        output = self.folder / "out" / "gt.txt"
        report = datasets.convert(dataset, self.images / image, self.labels / label, output, **options)
        content = output.read_bytes().decode()
        assert "\r" not in content and (content.endswith("\n") or not content)
        lines = []
        for number, line in enumerate(content.split("\n")[:-1], start=1):
            path, texts = parse_label_line(line, output, number)
            lines.append((path, [(text["transcription"], text["points"]) for text in texts]))
        return lines, report


@pytest.fixture
def raw_set(tmp_path: Path) -> RawSet:
    folder = tmp_path / "raw"
    folder.mkdir()
    return RawSet(folder)


def box(a: float, b: float, c: float, d: float) -> list[list[float]]:
    """Corners of an upright box, clockwise from the top left."""
    return [[a, b], [c, b], [c, d], [a, d]]


@pytest.fixture(name="box")
def box_fixture() -> Any:
    return box
