"""Writes small LMDB environments for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np


def write_lmdb(
    folder: Path,
    texts: Sequence[str | bytes],
    size: tuple[int, int] = (10, 30),
    leave_out: Sequence[str] = (),
    count: int | str | None = None,
) -> Path:
    """An environment whose image number n is filled with the grey value n.

    Args:
        size: (h, w) of the first image; each one is a pixel wider than the one before.
        leave_out: keys that are not written.
        count: ``num-samples``; None = the number of texts.
    """
    import lmdb

    folder.mkdir(parents=True, exist_ok=True)
    entries = {"num-samples": str(len(texts) if count is None else count).encode()}
    for number, text in enumerate(texts, start=1):
        image = np.full((size[0], size[1] + number - 1, 3), number, np.uint8)
        entries[f"image-{number:09d}"] = cv2.imencode(".png", image)[1].tobytes()
        entries[f"label-{number:09d}"] = text if isinstance(text, bytes) else text.encode()
    with lmdb.open(str(folder), map_size=1 << 24) as environment, environment.begin(write=True) as transaction:
        for key, value in entries.items():
            if key not in leave_out:
                transaction.put(key.encode(), value)
    return folder
