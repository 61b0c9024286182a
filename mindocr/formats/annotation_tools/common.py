"""Shared by the formats: options, reading label files with the sizes of their images, atomic writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Points, Text
from mindocr.formats.datasets.images import look_at, place_of
from mindocr.formats.label_file import IGNORED, parse_texts, read_lines, split_label_line, to_json
from mindocr.utils import files


@dataclass(frozen=True)
class Options:
    """Settings of some formats.

    Attributes:
        layout: layout of the text files, for icdar; see ``icdar.py``.
        class_names: labels that are a class, not a transcription, for labelme.
    """

    layout: str = "quads"
    class_names: Sequence[str] = ()


@dataclass(frozen=True)
class Item:
    """A text of a label line; ``score`` is None if it has none."""

    points: Points
    transcription: str
    score: float | None = None

    @property
    def ignored(self) -> bool:
        """Whether the text is ignored."""
        return self.transcription in IGNORED


@dataclass(frozen=True)
class Labelled:
    """A line of a label file: image path relative to the image folder, its file, (w, h) as decoded, and its texts."""

    path: str
    image: Path
    size: tuple[int, int]
    items: list[Item]
    where: str


def read_labelled(label_file: Path, image_dir: Path) -> list[Labelled]:
    """Read the lines of a label file.

    Raises:
        DataError: a malformed line, or an image that is missing or cannot be read.
    """
    found = []
    for number, line in read_lines(label_file):
        where = f"{label_file}:{number}"
        path, label = split_label_line(line, label_file, number)
        image = _inside(Path(path), image_dir, where) if Path(path).is_absolute() else place_of(image_dir, path, where)
        _, size, problem = look_at(image)
        if problem:
            raise DataError(f"{where}: {image}: {problem}; check --image_dir")
        items = [Item(t["points"], t["transcription"], t.get("score")) for t in parse_texts(label, where)]
        found.append(Labelled(image.relative_to(image_dir).as_posix(), image, size, items, where))
    if not found:
        raise DataError(f"{label_file}: this label file is empty")
    return found


def _inside(image: Path, image_dir: Path, where: str) -> Path:
    folder = image_dir.resolve()
    if not image.resolve().is_relative_to(folder):
        raise DataError(f"{where}: {image} is not below {folder}; set --image_dir to a folder that contains all images")
    return image_dir / image.resolve().relative_to(folder)


def text_of(transcription: str, ignored: bool, points: Points) -> Text:
    """An imported text; an ignore mark in its transcription does not change."""
    return Text(points, transcription, ignored and transcription not in IGNORED)


def write_json(target: Path, content: Any) -> None:
    """Write a UTF-8 JSON file; see :func:`write_bytes`."""
    write_bytes(target, json_bytes(content))


def json_bytes(content: Any) -> bytes:
    """The content of a UTF-8 JSON file."""
    return (to_json(content, indent=1) + "\n").encode()


def write_bytes(target: Path, content: bytes) -> None:
    """Write a file atomically; its folder is created if needed, and an old file with other content is kept."""
    target.parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(target, content, old="keep")
