"""Data sets of text recognition: one text line per sample, from images of single lines or from labels of detection."""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.data.datasets.aspect import TextLines
from mindocr.data.datasets.base import ListFileDataset
from mindocr.data.datasets.word_crops import WordCrops, open_crops
from mindocr.data.sample import DetSample
from mindocr.formats.label_file import IGNORED, parse_texts, read_lines, split_label_line
from mindocr.formats.rec_label_file import read_rec_labels
from mindocr.formats.record import Record
from mindocr.registry import DATASETS

logger = logging.getLogger(__name__)

RECENT = 4  # images that a worker keeps
WHOLE = np.zeros((0, 2), np.float32)  # polygon of a line that fills its image


@DATASETS.register
class RecDataset(TextLines, ListFileDataset):
    """Images of single text lines, listed as ``image path<TAB>text`` (see ``formats/rec_label_file.py``).

    ``polygon`` is empty: the line fills its image. So ``CropTextLine`` keeps the image, and this type and
    ``WordsOfDetDataset`` take the same pipeline.
    """

    provided_keys = ("img_path", "text", "polygon")

    def read_list(self, file: Path, folder: Path) -> Iterator[tuple[Record, int]]:
        """See the base class."""
        for number, name, text in read_rec_labels(file):
            yield Record(os.path.join(folder, name), f"{file}:{number}", text), 1  # noqa: PTH118  fast

    def texts_of(self, records: Sequence[Record]) -> list[tuple[str, str]]:
        """See the base class."""
        return [(record.content, record.where) for record in records]

    def _start(self, record: Record) -> DetSample:
        return {"img_path": record.img_path, "text": record.content, "polygon": WHOLE}

    def line_of(self, record: Record) -> tuple[str, np.ndarray]:
        """Image file and polygon of a line."""
        return record.img_path, WHOLE


@DATASETS.register
class WordsOfDetDataset(TextLines, ListFileDataset):
    """Every labelled text of a detection data set as a sample, for the label files of ``DetDataset``.

    ``CropTextLine`` crops each text out of its image when the sample is made, so no copies are on disk. Texts that are
    ignored (``###`` or ``*``) or empty are left out; the log states how many. ``sample_ratio`` counts texts. If the
    pipeline decodes and crops images before it changes them, the crops are kept in memory, so that an image is decoded
    once for all its texts (``word_crops.py``). Otherwise, without a cache, each worker keeps the last few images.
    """

    _crops: WordCrops | None = None

    provided_keys = ("img_path", "text", "polygon")

    def read_list(self, file: Path, folder: Path) -> Iterator[tuple[Record, int]]:
        """See the base class."""
        words = left_out = 0
        for number, line in read_lines(file):
            where = f"{file}:{number}"
            name, label = split_label_line(line, file, number)
            path = os.path.join(folder, name)  # noqa: PTH118  fast
            for position, text in enumerate(parse_texts(label, where)):
                if text["transcription"] in IGNORED or not text["transcription"].strip():
                    left_out += 1
                    continue
                words += 1
                polygon = np.array(text["points"], np.float32)
                yield Record(path, where, (text["transcription"], polygon, position)), 1
        if left_out:
            logger.info("%s: %d texts; %d others are ignored or empty, and left out", file, words, left_out)

    def texts_of(self, records: Sequence[Record]) -> list[tuple[str, str]]:
        """See the base class."""
        return [(record.content[0], record.where) for record in records]

    def _start(self, record: Record) -> DetSample:
        text, polygon, _ = record.content
        started: DetSample = {"img_path": record.img_path, "text": text, "polygon": polygon}
        crop = None if self._crops is None else self._crops.get(record)
        return started if crop is None else {**started, "crop": crop}

    def line_of(self, record: Record) -> tuple[str, np.ndarray]:
        """Image file and polygon of a line."""
        return record.img_path, record.content[1]

    def _prepare(self) -> None:
        self._crops = open_crops(self.records, self.pipeline)

    def _default_cache(self) -> Any:
        return RecentImages()


class RecentImages:
    """The last decoded images of this process, see :class:`~mindocr.data.transforms.load.Store`."""

    holds_pixels = True

    def __init__(self, most: int = RECENT) -> None:
        self._most = most
        self._images: OrderedDict[tuple[str, str], np.ndarray] = OrderedDict()

    def get(self, path: str, form: str) -> np.ndarray | None:
        """The image, which then counts as the latest; None if it is not kept."""
        image = self._images.get((path, form))
        if image is not None:
            self._images.move_to_end((path, form))
        return image

    def put(self, path: str, form: str, content: np.ndarray) -> None:
        """Keep the image, and forget the oldest one if there are too many."""
        content.flags.writeable = False
        self._images[path, form] = content
        while len(self._images) > self._most:
            self._images.popitem(last=False)
