"""Scores on labelled images of two programs that run the same network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.label_file import IGNORED, parse_label_line, read_lines
from mindocr.formats.rec_label_file import read_rec_labels
from mindocr.inference.predictor import Predictor
from mindocr.inference.runner import Runner
from mindocr.inference.verify import run_alone, see
from mindocr.predictions.base import decode
from mindocr.utils import files
from mindocr.utils.progress import progress


@dataclass(frozen=True)
class LabelledImages:
    """A label file and its images.

    Attributes:
        label_file: one image a line: its path, a tab, and its labels.
        image_dir: folder that the paths are relative to; None = the folder of the label file.
    """

    label_file: Path
    image_dir: Path | None = None

    def path_of(self, name: str) -> Path:
        """The image that a line names."""
        return (self.image_dir or self.label_file.parent) / name


def scores(predictor: Predictor, other: Runner, data: LabelledImages, metric: Any) -> dict[str, Any]:
    """Scores of a file and of the checkpoint that it was made from.

    Args:
        predictor: runs the file.
        other: runs the checkpoint.
        data: what they are scored on.
        metric: reads labels and predictions.

    Returns:
        ``checkpoint`` and ``file``: their scores by name; ``data``, ``sha256``, ``images``.

    Raises:
        DataError: the label file or an image cannot be used.
    """
    images = list(read_labels(data, metric.reads))
    if not images:
        raise DataError(f"--verify_data: {data.label_file} lists no image")
    found: dict[str, list[Any]] = {"checkpoint": [], "file": []}
    columns: list[Any] = [[] for _ in metric.reads]
    for path, labels in progress(images, "score", "image", len(images)):
        seen = see(predictor, path)
        expected = {name: [value] for name, value in run_alone(other, seen.input).items()}
        found["file"].append(seen.prediction)
        found["checkpoint"] += decode(predictor.postprocess, expected, seen.columns)
        for column, name in zip(columns, metric.reads):
            column.append(labels[name])
    result: dict[str, Any] = {
        "data": data.label_file.name, "sha256": files.hash_file(data.label_file), "images": len(images),
    }  # fmt: skip
    for who, predictions in found.items():
        metric.reset()
        metric.judge(predictions, columns)
        result[who] = {key: float(v) for key, v in metric.result().items() if isinstance(v, int | float | np.number)}
    return result


def read_labels(data: LabelledImages, wanted: tuple[str, ...]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield (image, labels by the names of columns) for each line of a label file.

    Args:
        data: the format of its label file depends on ``wanted``: polygons with texts, or one text or class.
        wanted: the columns that a metric reads.

    Raises:
        DataError: a line cannot be read, or the columns are unknown here.
    """
    label_file = data.label_file
    if "polys" in wanted:
        for number, line in read_lines(label_file):
            name, texts = parse_label_line(line, label_file, number)
            polys = [np.array(text["points"], np.float32) for text in texts]
            ignored = np.array([text["transcription"] in IGNORED for text in texts], bool)
            words = [text["transcription"] for text in texts]
            yield data.path_of(name), {"polys": polys, "ignore_tags": ignored, "texts": words}
        return
    if not set(wanted) <= {"text", "class_name"}:
        raise DataError(f"--verify_data: a metric that reads {', '.join(wanted)} cannot be computed at export")
    for _, name, label in read_rec_labels(label_file):
        yield data.path_of(name), {"text": label, "class_name": label.strip()}
