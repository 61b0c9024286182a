"""Shared by the formats: options, reading label files with the sizes of their images, atomic writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Points, Text
from mindocr.formats.datasets.images import look_at
from mindocr.formats.image_finder import Wanted, find_images
from mindocr.formats.label_file import IGNORED, parse_texts, read_lines, split_label_line, to_json
from mindocr.utils import files


@dataclass(frozen=True)
class Options:
    """Settings of some formats.

    Attributes:
        layout: layout of the text files, for icdar; see ``icdar.py``.
        class_names: labels that are a class, not a transcription, for labelme.
        image_key: key of a task that names its image, for label_studio; empty = the only one that looks like an image.
        text_key: key of an annotation that holds its transcription, for coco, or name of the text area, for
            label_studio; empty = the usual ones.
    """

    layout: str = "quads"
    class_names: Sequence[str] = ()
    image_key: str = ""
    text_key: str = ""


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
        DataError: a malformed line, or an image that is missing, cannot be read or is listed twice.
    """
    lines: list[tuple[str, str, str]] = []
    for number, line in read_lines(label_file):
        path, label = split_label_line(line, label_file, number)
        lines.append((path, label, f"{label_file}:{number}"))
    if not lines:
        raise DataError(f"{label_file}: this label file is empty")
    labelled = []
    matches = find_images(image_dir, [Wanted((path,), where) for path, _, where in lines])
    for (path, label, where), (image, problem) in zip(lines, matches):
        _, size, unreadable = look_at(image) if not problem else (image, (0, 0), "")
        if problem or unreadable:
            raise DataError(f"{where}: {image}: {problem or unreadable}; check --image_dir")
        items = [Item(t["points"], t["transcription"], t.get("score")) for t in parse_texts(label, where, path)]
        labelled.append(Labelled(image.relative_to(image_dir).as_posix(), image, size, items, where))
    return labelled


def entries(job: Job, found: Sequence[tuple[Wanted, list[Text]]]) -> Iterator[Entry]:
    """An entry for each image, with its file.

    Raises:
        DataError: two annotations mean the same file, and neither is the better match.
    """
    matches = find_images(job.image_dir, [wanted for wanted, _ in found], job.report.notes)
    for (wanted, texts), (image, problem) in zip(found, matches):
        yield Entry(image, texts, wanted.size, wanted.where, problem)


def text_of(transcription: str, ignored: bool, points: Points) -> Text:
    """An imported text; an ignore mark in its transcription does not change."""
    return Text(points, transcription, ignored and transcription not in IGNORED)


def write_json(target: Path, content: Any) -> None:
    """Write a UTF-8 JSON file atomically."""
    write_bytes(target, (to_json(content, indent=1) + "\n").encode())


def write_bytes(target: Path, content: bytes) -> None:
    """Write a file atomically; its folder is created if needed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(target, content)
