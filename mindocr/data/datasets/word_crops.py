"""Crops of the words of photographs, kept in memory: a photograph is decoded once for all its words, not once for each.

A crop takes a few kilobytes, the photograph megabytes, and a shuffled data set asks for its words at different times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from mindocr.data.loading.cache import RamCache
from mindocr.data.loading.shared_memory import AVAILABLE, available_memory
from mindocr.data.transforms.load import DecodeImage
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.data.transforms.text_line import CropTextLine
from mindocr.errors import DataError
from mindocr.formats.record import Record
from mindocr.images.crops import cut_line

LIMIT = 2**30  # bytes, as long as they are a quarter of the free memory


class WordCrops:
    """The crops that ``DecodeImage`` and ``CropTextLine`` of a pipeline would make, shared by all workers.

    Args:
        records: words; the content of each is (text, polygon, its number in the image).
        decoding: the pipeline's DecodeImage.
        limit: bytes; further crops are not kept.
    """

    def __init__(self, records: Sequence[Record], decoding: DecodeImage, limit: int = LIMIT) -> None:
        self._decoding = decoding
        self._words: dict[str, dict[int, np.ndarray]] = defaultdict(dict)
        for record in records:
            _, polygon, number = record.content
            self._words[record.img_path][number] = polygon
        keys = [_key(path, number) for path, words in self._words.items() for number in words]
        self._cache = RamCache(keys, min(limit, max(available_memory() // 4, 1)), holds_pixels=True)

    def get(self, record: Record) -> np.ndarray | None:
        """The crop of a word, (h, w, 3) uint8, read-only; None if its polygon is faulty.

        Raises:
            DataError: the image cannot be read.
        """
        path, number = record.img_path, record.content[2]
        held = self._cache.get(_key(path, number))
        if held is not None:
            return held
        crops = {}
        image = self._decoding({"img_path": path})["image"]
        for other, polygon in self._words[path].items():
            try:
                crops[other] = cut_line(image, polygon)
            except DataError:  # an error of its own sample
                continue
            self._cache.put(_key(path, other), "", crops[other])
        return crops.get(number)


def open_crops(records: Sequence[Record], pipeline: Pipeline) -> WordCrops | None:
    """The crops of a data set; None where its pipeline changes images before they are cropped, or without memory."""
    ops: list[Any] = [op for op in pipeline.ops if "image" in (*op.reads, *op.writes)][:2]
    kinds = [type(op) for op in ops]
    if not AVAILABLE or kinds != [DecodeImage, CropTextLine] or not ops[0].can_wait:
        return None
    return WordCrops(records, ops[0])


def _key(path: str, number: int) -> str:
    return f"{path}#{number}"
