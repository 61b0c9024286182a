"""Labels of a data set against what a detector finds in its images: do both mean the same by one text?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mindocr.formats.label_file import IGNORED, parse_label_line, read_lines
from mindocr.geometry import Polygon
from mindocr.inspection.survey import Source
from mindocr.metrics.granularity import Granularity, compare_image


@dataclass(frozen=True)
class Compared:
    """Result for one label file.

    Attributes:
        file: the label file.
        images: number of images that were looked at.
        counts: of their texts.
    """

    file: Path
    images: int
    counts: Granularity

    def lines(self) -> list[str]:
        """For the screen: the counts, and what they mean if labels and detector differ."""
        advice = self.counts.advice()
        first = f"{self.file}, {self.images} images and the detector: {self.counts.describe()}"
        return [first, *([f"warning: {self.file}: {advice}"] if advice else [])]


def compare_labels(source: Source, find: Callable[[Path], Sequence[Polygon]], number: int) -> Compared:
    """Compare the labels of some images with what a detector finds.

    The images are spread evenly over the label file, so the choice is the same in every run.

    Args:
        source: label file and folder of the images.
        find: the detector, path of an image -> polygons in its pixels.
        number: of images, at most.

    Raises:
        DataError: a line is no label line, or an image cannot be read.
    """
    lines = list(read_lines(source.file))
    chosen = np.unique(np.linspace(0, len(lines) - 1, min(number, len(lines))).round().astype(int)) if lines else []
    total = Granularity()
    for i in chosen:
        line_number, line = lines[i]
        name, texts = parse_label_line(line, source.file, line_number)
        truth = [np.array(text["points"], np.float32) for text in texts]
        ignore = [text["transcription"] in IGNORED for text in texts]
        total += compare_image(truth, ignore, find(source.folder / name))
    return Compared(source.file, len(chosen), total)
