"""SynthText: word boxes of 858,750 images in ``gt.mat``, cleaned and written as ``gt_processed.mat`` or label lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Points, Text, tidy_polygon
from mindocr.formats.datasets.images import NO_IMAGE, look_at, place_of
from mindocr.formats.matlab import read_matlab
from mindocr.formats.synthtext_mat import read_synthtext
from mindocr.geometry.polygon import is_valid
from mindocr.utils import files


class _Cleaned(NamedTuple):
    """One image after cleaning: its position in the file, file and line, path, problem, the remaining words."""

    position: int
    where: str
    image: Path
    problem: str
    boxes: list[Points]
    words: list[str]


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of the file, with cleaned boxes rounded to hundredths of pixels.

    Raises:
        DataError: ``label_dir`` is no SynthText file.
    """
    for cleaned in _clean_all(job):
        texts = [
            Text([[round(x, 2), round(y, 2)] for x, y in box], word) for box, word in zip(cleaned.boxes, cleaned.words)
        ]
        yield Entry(cleaned.image, texts, where=cleaned.where)


def write_mat(job: Job) -> None:
    """Write ``gt_processed.mat``: the variables of ``gt.mat`` with the remaining boxes and the words split.

    Images without remaining boxes are kept. ``charBB`` is copied unchanged, so its boxes no longer correspond to the
    words. Images that do not exist are left out.

    Raises:
        DataError: ``label_dir`` is no SynthText file, no image exists, or the file cannot be written.
    """
    from scipy.io import savemat

    report = job.report
    kept: list[_Cleaned] = []
    for cleaned in _clean_all(job):
        if cleaned.problem:
            report.missing += cleaned.problem == NO_IMAGE
            job.warn(f"{cleaned.image}: {cleaned.problem}; annotation left out")
            continue
        kept.append(cleaned)
        report.texts += len(cleaned.words)
    if not kept:
        raise DataError(f"{job.image_dir}: none of the annotated images is in this folder; check --image_dir")
    source = read_matlab(job.label_dir, ("imnames", "charBB"), "SynthText's gt.mat")
    content: dict[str, np.ndarray] = {}
    for key in source:
        values = np.ravel(source[key])
        content[key] = _cells([values[item.position] for item in kept])
    content["wordBB"] = _cells([np.array(item.boxes, dtype=np.float64).reshape(-1, 4, 2).T for item in kept])
    content["txt"] = _cells([np.array(item.words or np.zeros(0), dtype=np.str_) for item in kept])
    output = report.output_path
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(output) as part:
            savemat(str(part), content, appendmat=False, do_compression=True)
    except OSError as error:
        raise DataError(f"{output}: cannot write this file: {error.strerror}") from None
    report.images = len(kept)


def clean_box(box: np.ndarray, w: int, h: int) -> tuple[Points | None, bool]:
    """Clip a word box to its image, clockwise and valid; also returns whether its corners were reordered.

    Args:
        box: (4, 2) corners in pixels.
        w: width of the image.
        h: height of the image.

    Returns:
        The box, or None when it has no area, no area inside the image, or covers the image exactly; and True when its
        corners were reordered.
    """
    given: Points = box.tolist()
    tidy = tidy_polygon(given)
    frame = shapely.box(0, 0, w - 1, h - 1)
    if tidy is None or not shapely.intersects(shapely.polygons(tidy), frame):
        return None, False
    clipped = np.clip(np.array(tidy, dtype=np.float64), 0, (w - 1, h - 1))
    if not is_valid(clipped) or shapely.equals(shapely.polygons(clipped), frame):
        return None, False
    return clipped.tolist(), not is_valid(box)


def are_clean(boxes: np.ndarray, w: int, h: int) -> np.ndarray:
    """(n,) bool: boxes (n, 4, 2) that :func:`clean_box` would surely not change, which are most of them.

    They are convex, clockwise and inside the image without touching its border. This is a fast check.
    """
    sides = np.roll(boxes, -1, axis=1) - boxes
    following = np.roll(sides, -1, axis=1)
    turns = sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0]
    inside = (boxes > 0).all(axis=(1, 2)) & (boxes < (w - 1, h - 1)).all(axis=(1, 2))
    return inside & (turns > 0).all(axis=1)


def _clean_all(job: Job) -> Iterator[_Cleaned]:
    if job.label_dir.is_dir():
        raise DataError(f"{job.label_dir}: set --label_dir to the file gt.mat")
    for position, record in enumerate(read_synthtext(job.label_dir, Path())):
        image = place_of(job.image_dir, record.img_path, record.where)
        _, (w, h), problem = look_at(image)
        boxes: list[Points] = []
        words = []
        quads, texts = (np.zeros((0, 4, 2)), []) if problem else record.content
        quads = np.asarray(quads, dtype=np.float64)
        for quad, word, fine in zip(quads, texts, are_clean(quads, w, h)):
            box, repaired = (quad.tolist(), False) if fine else clean_box(quad, w, h)
            if box is None:
                job.report.dropped += 1
                continue
            job.report.repaired += repaired
            boxes.append(box)
            words.append(word)
        yield _Cleaned(position, record.where, image, problem, boxes, words)


def _cells(values: list[Any]) -> np.ndarray:
    """(1, N) array of objects; NumPy alone would merge lists of equal lengths into one array."""
    cells = np.empty((1, len(values)), dtype=object)
    for i, value in enumerate(values):
        cells[0, i] = value
    return cells
