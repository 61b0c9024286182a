"""Pictures of the words on the page, cut out of their images when the page is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.images.crops import cut_line
from mindocr.images.read import read_image
from mindocr.report.recognition.word import Word
from mindocr.utils.html import picture_uri
from mindocr.utils.progress import progress

BUDGET = 45_000_000  # bytes of all encoded pictures; texts need the rest of the page
MOST = 4000  # words with pictures, if no limit is set
HEIGHT, LONGEST, QUALITY = 64, 640, 82  # pixels of a picture at most, and quality of the JPEG


class Crops(NamedTuple):
    """Pictures by position of the word.

    Attributes:
        pictures: ``data:`` URLs.
        unreadable: a message for each image that could not be read.
    """

    pictures: dict[int, str]
    unreadable: list[str]


def cut(words: Sequence[Word], order: Sequence[int], limit: int | None = None, budget: int = BUDGET) -> Crops:
    """Cut and encode the crops of the first ``limit`` words of ``order``; each image is decoded once.

    Args:
        words: all words.
        order: their positions, most interesting first.
        limit: largest number of pictures; None = :data:`MOST`.
        budget: bytes of all ``data:`` URLs together; pictures at the end of the order are left out.
    """
    by_image: dict[str, list[int]] = {}
    for i in order[: MOST if limit is None else limit]:
        by_image.setdefault(words[i].image, []).append(i)
    encoded: dict[int, str] = {}
    unreadable: list[str] = []
    for image, own in progress(list(by_image.items()), "report", "image"):
        try:
            pixels = read_image(image)
            encoded.update((i, _encoded(pixels, words[i])) for i in own)
        except DataError as error:
            unreadable.append(str(error))
    pictures: dict[int, str] = {}
    for i in (i for i in order if i in encoded):
        budget -= len(encoded[i])
        if budget < 0:
            break
        pictures[i] = encoded[i]
    return Crops(pictures, unreadable)


def _encoded(image: np.ndarray, word: Word) -> str:
    crop = image if word.polygon is None else cut_line(image, word.polygon)
    height, width = crop.shape[:2]
    scale = min(HEIGHT / height, 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return picture_uri(cv2.resize(crop, size, interpolation=cv2.INTER_AREA) if scale < 1 else crop, LONGEST, QUALITY)
