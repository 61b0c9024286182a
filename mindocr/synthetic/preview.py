"""Contact sheet of labelled images."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.formats.label_file import IGNORED, parse_label_line, read_lines
from mindocr.images.read import read_image

COLUMNS = 5
GREEN, RED = (0, 220, 60), (255, 40, 40)


def contact_sheet(folder: Path, label_file: Path, most: int = 20, tile_width: int = 320) -> np.ndarray:
    """Draw the first images of a set with their labels, five in a row.

    Args:
        folder: folder of the images.
        label_file: label file of the set.
        most: largest number of images.
        tile_width: width of one image on the sheet, pixels.

    Returns:
        (H, W, 3) uint8 RGB; readable words green, ignored ones red, a dot on each first point.

    Raises:
        DataError: a label line is malformed, or an image cannot be decoded.
    """
    tiles = []
    for number, line in itertools.islice(read_lines(label_file), most):
        name, texts = parse_label_line(line, label_file, number)
        try:
            image = read_image(folder / name)
        except DataError as error:
            raise DataError(f"{label_file}:{number}: {error}") from None
        scale = tile_width / image.shape[1]
        image = cv2.resize(image, (tile_width, round(image.shape[0] * scale)), interpolation=cv2.INTER_AREA)
        for text in texts:
            points = np.round(np.array(text["points"]) * scale).astype(np.int32)
            colour = RED if text["transcription"] in IGNORED else GREEN
            cv2.polylines(image, [points], True, colour, 1, cv2.LINE_AA)
            cv2.circle(image, points[0].tolist(), 2, colour, cv2.FILLED, cv2.LINE_AA)
        tiles.append(image)
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % COLUMNS)
    return np.vstack([np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)])
