"""Tall words whose labels do not say whether they run down or up: what the untouched network reads tells it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from mindocr.engine.finetune.split import Labelled
from mindocr.errors import DataError
from mindocr.formats.label_file import IGNORED, format_label_line, parse_label_line, read_lines
from mindocr.images.crops import line_view
from mindocr.images.read import read_image
from mindocr.metrics.edit_distance import similarity
from mindocr.predictions.text import Text
from mindocr.utils.files import write_text
from mindocr.utils.progress import progress

ALIKE = 0.5  # similarity of reading and label from which the reading tells the direction

logger = logging.getLogger(__name__)


class Reads(Protocol):
    """A recogniser."""

    def read(self, crops: Sequence[np.ndarray]) -> list[Text]: ...


class _Tall(NamedTuple):
    """A tall word: its label, as it lies in the label file, and the crops of its two directions."""

    label: dict[str, Any]
    crops: list[np.ndarray]


def with_directions(labelled: Labelled, open_recogniser: Callable[[], Reads], folder: Path, title: str) -> Labelled:
    """Let the polygons of words that run up begin at the top left corner of the text, as those of labels should.

    Annotation tools often let every polygon begin at the top left of the image. Then a tall word is turned
    anticlockwise, which is right only if it runs down; otherwise the network would learn its text upside down. A word
    is turned if the network reads it upwards more like its label than downwards, and at least half of it right.

    Args:
        labelled: unchanged if it has no polygons.
        open_recogniser: the untouched network; called for each label file that has tall words.
        folder: for the label files that are changed.
        title: their names, with a place for the number of the file.

    Returns:
        The same images; a label file that is changed has its new path.
    """
    if labelled.form != "det":
        return labelled
    files = list(labelled.files)
    for number, (place, file) in enumerate(zip(labelled.folders, labelled.files)):
        lines = [parse_label_line(line, file, n) for n, line in read_lines(file)]
        tall = list(_tall_words(lines, place, file.name))
        if not tall:
            continue
        texts = iter(open_recogniser().read([crop for word in tall for crop in word.crops]))
        turned = [word.label for word in tall if _runs_up(word.label["transcription"], list(islice(texts, 2)))]
        logger.info("%s: %d words are at least 1.5 times as high as wide; the untouched network reads %d of them "
                    "upwards", file, len(tall), len(turned))  # fmt: skip
        if not turned:
            continue
        for label in turned:
            label["points"] = label["points"][3:] + label["points"][:3]
        folder.mkdir(parents=True, exist_ok=True)
        files[number] = folder / title.format(number)
        write_text(files[number], "".join(f"{format_label_line(*line, quote=True)}\n" for line in lines))
        logger.info("their polygons begin at the top left corner of the text in %s", files[number])
    return replace(labelled, files=files)


def _tall_words(lines: Sequence[tuple[str, list[dict[str, Any]]]], place: Path, name: str) -> Iterator[_Tall]:
    """The tall words of images; what cannot be read is left to the training, which reports it."""
    for path, labels in progress(lines, f"tall words of {name}", "image"):
        image: np.ndarray | None = None
        for label in labels:
            try:
                if label["transcription"] in IGNORED or len(label["points"]) != 4 or not _is_tall(label["points"]):
                    continue
                image = read_image(place / path) if image is None else image
                view = line_view(np.array(label["points"], np.float32), (image.shape[0], image.shape[1]))
            except DataError:
                continue
            yield _Tall(label, [each.cut(image) for each in view.directions()[:2]])


def _is_tall(points: Sequence[Sequence[float]]) -> bool:
    return line_view(np.array(points, np.float32), (0, 0)).turns == 1


def _runs_up(truth: str, texts: Sequence[Text]) -> bool:
    """Whether the second reading, upwards, tells the truth better than the first."""
    down, up = (similarity(text.text.lower(), truth.lower()) for text in texts)
    return up > down and up >= ALIKE
