"""Ground truth and results of any detector, read from the files in which benchmarks exchange them.

Three kinds are told apart by what they hold: a label file of ours, JSON lines ``{"image", "polygons", "ignore"}``, and
a folder or zip archive with one text file an image, written as the data set's own scripts want it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

import numpy as np

from mindocr.data.annotation import IGNORED, parse_label_line, read_lines
from mindocr.data.converters import ctw1500, icdar2013, pairing, totaltext
from mindocr.data.converters.common import Text
from mindocr.data.sources import IMAGE_SUFFIXES
from mindocr.data.submissions import detections
from mindocr.data.submissions.archive import opened
from mindocr.data.submissions.json_lines import parse_json_line
from mindocr.data.submissions.rotated import read_rotated_truth
from mindocr.errors import DataError
from mindocr.geometry import Polygon

Role = Literal["gt", "det"]
ReadTexts = Callable[[Path], list[Text]]

READERS: dict[str, dict[Role, ReadTexts]] = {
    "icdar2015": {"gt": pairing.read_quads, "det": detections.read_quads},
    "icdar2013": {"gt": icdar2013.read_boxes, "det": detections.read_boxes},
    "td500": {"gt": read_rotated_truth, "det": detections.read_rotated},
    "ctw1500": {"gt": ctw1500.read_texts, "det": detections.read_points},
    "totaltext": {"gt": totaltext.read_texts, "det": detections.read_points_y_first},
}
_SUFFIXES: dict[Role, tuple[str, ...]] = {"gt": (".txt", ".gt", ".xml", ".mat"), "det": (".txt",)}
_PREFIX = r"^(poly_)?gt_|^res_"


class Outlines(NamedTuple):
    """What one image holds: outlines (K_i, 2) float64 in pixels, flags (True = do not care), and where that stands."""

    where: str
    polys: list[Polygon]
    ignore: list[bool]


class ImagePair(NamedTuple):
    """True and found outlines of one image; ``det_where`` is empty when the results leave the image out."""

    image: str
    truth: Outlines
    found: Outlines


def read_pairs(
    gt: Path, det: Path, file_formats: Mapping[Role, str], rotated_boxes: bool = False
) -> tuple[list[ImagePair], list[str]]:
    """Truth and results read by :func:`read_outlines` and brought together by :func:`pair_images`."""
    truth = read_outlines(gt, "gt", file_formats["gt"], rotated_boxes)
    return pair_images(truth, read_outlines(det, "det", file_formats["det"], rotated_boxes))


def read_outlines(path: Path, role: Role, file_format: str, rotated_boxes: bool = False) -> dict[str, Outlines]:
    """Outlines of every image, by its name as it stands there, without the ending of an image file.

    Args:
        path: a file, a folder or an archive.
        role: ``gt`` for truth, where texts may be flagged as do-not-care, or ``det`` for results.
        file_format: the data set whose text files a folder or archive holds, a key of :data:`READERS`.
        rotated_boxes: take the corners of ``rects`` instead of ``polygons`` from JSON lines.

    Raises:
        DataError: nothing there, a malformed line (with file and line), or an image that stands there twice.
    """
    if path.is_dir() or zipfile.is_zipfile(path):
        entries = _from_folder(path, role, READERS[file_format][role])
    elif next((line for _, line in read_lines(path)), "").startswith("{"):
        entries = (parse_json_line(line, f"{path}:{n}", role, rotated_boxes) for n, line in read_lines(path))
    else:
        entries = (_from_label_line(line, path, number) for number, line in read_lines(path))
    outlines: dict[str, Outlines] = {}
    for image, where, texts in entries:
        name = _without_ending(image)
        if name in outlines:
            raise DataError(f"{where}: image '{image}' stands there twice, first at {outlines[name].where}")
        polys = [np.array(text.points, dtype=np.float64).reshape(-1, 2) for text in texts]
        outlines[name] = Outlines(where, polys, [text.ignored for text in texts])
    if not outlines:
        raise DataError(f"{path}: no image in it")
    return outlines


def pair_images(truth: Mapping[str, Outlines], found: Mapping[str, Outlines]) -> tuple[list[ImagePair], list[str]]:
    """Bring both sides together by file names, with as few of the folders before them as tell the images apart.

    Returns:
        A pair for each image of the truth, in its order, and the names of those without results, which count as found
        empty.

    Raises:
        DataError: results for an image that the truth does not know.
    """
    depth = next(n for n in count(1) if all(_tells_apart(names, n) for names in (truth, found)))
    results = {_tail(name, depth): outlines for name, outlines in found.items()}
    pairs = [ImagePair(name, known, results.pop(_tail(name, depth), _NOTHING)) for name, known in truth.items()]
    if results:
        name, stray = next(iter(results.items()))
        raise DataError(
            f"{stray.where}: no image '{name}' in the ground truth, which has '{next(iter(truth))}' and so on; "
            f"{len(results)} of {len(found)} images with results are unknown there"
        )
    return pairs, [pair.image for pair in pairs if pair.found is _NOTHING]


_NOTHING = Outlines("", [], [])


def _from_folder(path: Path, role: Role, read: ReadTexts) -> Iterator[tuple[str, str, list[Text]]]:
    with opened(path, _SUFFIXES[role]) as files:
        for file in files:
            name = re.sub(_PREFIX, "", file.stem)
            if role == "gt" and re.fullmatch(r"000\d{4}", name):
                name = name[3:]  # CTW1500 has 0001001.txt for 1001.jpg
            yield name, f"{path}/{file.name}", read(file)


def _from_label_line(line: str, path: Path, number: int) -> tuple[str, str, list[Text]]:
    image, items = parse_label_line(line, path, number)
    texts = [Text(i["points"], i["transcription"], i["transcription"] in IGNORED) for i in items]
    return image, f"{path}:{number}", texts


def _without_ending(image: str) -> str:
    path = PurePosixPath(image.replace("\\", "/"))
    return str(path.with_suffix("")) if path.suffix.lower() in IMAGE_SUFFIXES else str(path)


def _tail(name: str, depth: int) -> str:
    return "/".join(PurePosixPath(name).parts[-depth:])


def _tells_apart(names: Mapping[str, Outlines], depth: int) -> bool:
    return len({_tail(name, depth) for name in names}) == len(names)
