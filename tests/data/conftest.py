"""Small data sets, generated for tests."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from mindocr.formats.label_file import format_label_line

Text = tuple[list[list[float]], str]


@pytest.fixture
def smooth_image() -> np.ndarray:
    """(360, 480, 3) uint8 without sharp edges, so that interpolation errors stay small."""
    y, x = np.mgrid[0:360, 0:480].astype(np.float64)
    waves = [np.sin(x / 31 + c) + np.cos(y / (23 + 4 * c)) + np.sin((x + y) / 47) for c in range(3)]
    return np.clip(np.stack(waves, axis=2) * 38 + 128, 0, 255).astype(np.uint8)


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Write ``(name, texts)`` images with their label file; returns (image folder, label file)."""

    def make(images: Sequence[tuple[str, list[Text]]], folder: str = "images", size=(60, 80)) -> tuple[Path, Path]:
        place = tmp_path / folder
        lines = []
        for number, (name, texts) in enumerate(images):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(place / name), np.full((*size, 3), 20 + 10 * number, dtype=np.uint8))
            items = [{"points": points, "transcription": text} for points, text in texts]
            lines.append(format_label_line(name, items) + "\n")
        file = tmp_path / f"{folder}.txt"
        file.write_text("".join(lines), encoding="utf-8")
        return place, file

    return make
