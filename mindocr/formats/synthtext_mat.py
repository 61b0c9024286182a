"""The label file of SynthText: ``gt.mat`` as published, or ``gt_processed.mat`` with cleaned boxes."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.matlab import read_matlab
from mindocr.formats.record import Record

logger = logging.getLogger(__name__)

_VARIABLES = ("imnames", "wordBB", "txt")


def read_synthtext(file: Path, folder: Path) -> list[Record]:
    """Read image names, word boxes and words.

    Args:
        file: MATLAB 5 file with object arrays (1, N) ``imnames``, ``wordBB`` (each (2, 4, n); (2, 4) when n = 1; empty
            when n = 0) and ``txt`` (each a list of strings, split at white space into n words).
        folder: folder that image names are relative to.

    Returns:
        A record for each image; ``content`` is (boxes (n, 4, 2) float32 in pixels, list of n words).

    Raises:
        DataError: not a MATLAB file, or a variable is missing or has another shape.
    """
    content = read_matlab(file, _VARIABLES, "SynthText's gt.mat")
    missing = [name for name in _VARIABLES if name not in content]
    if missing:
        raise DataError(f"{file}: no variable {', '.join(missing)}; expected SynthText's {', '.join(_VARIABLES)}")
    names, boxes, texts = (np.ravel(content[name]) for name in _VARIABLES)
    if not len(names) == len(boxes) == len(texts):
        raise DataError(f"{file}: {len(names)} images, {len(boxes)} box lists, {len(texts)} text lists: must be equal")
    records = []
    unequal = 0
    for i in range(len(names)):
        where = f"{file}:{i + 1}"
        quads = _quads(boxes[i], where)
        words = [word for line in np.ravel(texts[i]) for word in str(line).split()]
        count = min(len(quads), len(words))
        unequal += len(quads) != len(words)
        path = os.path.join(folder, str(np.ravel(names[i])[0]).strip())  # noqa: PTH118  fast, for 858,750 images
        records.append(Record(path, where, (quads[:count], words[:count])))
    if unequal:
        logger.warning(
            "%s: %d of %d images have different numbers of boxes and words; extra ones are left out",
            file,
            unequal,
            len(names),
        )
    return records


def _quads(boxes: Any, where: str) -> np.ndarray:
    """(n, 4, 2) float32 from (2, 4, n), (2, 4) or an empty array."""
    array = np.asarray(boxes)
    if array.size == 0:
        return np.zeros((0, 4, 2), dtype=np.float32)
    if array.shape[:2] != (2, 4) or array.ndim > 3:
        raise DataError(f"{where}: wordBB has shape {array.shape}; expected (2, 4, n), or (2, 4) for one word")
    return np.ascontiguousarray(array.reshape(2, 4, -1).transpose(2, 1, 0), dtype=np.float32)
