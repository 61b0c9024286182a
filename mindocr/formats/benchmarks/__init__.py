"""Ground truth and results of any detector, read from the files in which benchmarks exchange them.

Three kinds are told apart by what they hold: a label file of ours, JSON lines ``{"image", "polygons", "ignore"}``, and
a folder or zip archive with one text file an image, written as the data set's own scripts want it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.benchmarks import detections
from mindocr.formats.benchmarks.archive import opened
from mindocr.formats.benchmarks.detections import Detected
from mindocr.formats.benchmarks.json_lines import parse_json_line
from mindocr.formats.benchmarks.rotated import read_rotated_truth
from mindocr.formats.datasets import ctw1500, icdar2013, pairing, totaltext
from mindocr.formats.datasets.common import Text
from mindocr.formats.label_file import IGNORED, parse_label_line, read_lines
from mindocr.geometry import Polygon
from mindocr.images.read import IMAGE_SUFFIXES

Role = Literal["gt", "det"]
ReadTexts = Callable[[Path], list[Text]] | Callable[[Path], list[Detected]]
Entries = Iterator[tuple[str, str, Sequence[Text | Detected]]]  # an image, where it stands, what it holds

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
    """What one image holds.

    Attributes:
        where: file and line.
        polys: outlines (K_i, 2) float64 in pixels, in the order of the file.
        ignore: a flag for each, True = do not care.
        scores: a finite number for each, higher = surer; None for truth, and where results tell none.
    """

    where: str
    polys: list[Polygon]
    ignore: list[bool]
    scores: list[float] | None = None


class ImagePair(NamedTuple):
    """True and found outlines of one image; ``found.where`` is empty when the results leave the image out."""

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

    Returns:
        Outlines with scores when every detection of the results has one, else without: in text files one score could
        also be a text that reads as a number.

    Raises:
        DataError: nothing there, a malformed line (with file and line), or an image that stands there twice.
    """
    entries: Entries
    if path.is_dir() or zipfile.is_zipfile(path):
        entries = _from_folder(path, role, READERS[file_format][role])
    elif next((line for _, line in read_lines(path)), "").startswith("{"):
        entries = (parse_json_line(line, f"{path}:{n}", role, rotated_boxes) for n, line in read_lines(path))
    else:
        entries = (_from_label_line(line, path, number, role) for number, line in read_lines(path))
    outlines: dict[str, Outlines] = {}
    for image, where, texts in entries:
        name = _without_ending(image)
        if name in outlines:
            raise DataError(f"{where}: image '{image}' stands there twice, first at {outlines[name].where}")
        polys = [np.array(text.points, dtype=np.float64).reshape(-1, 2) for text in texts]
        flags = [isinstance(text, Text) and text.ignored for text in texts]
        outlines[name] = Outlines(where, polys, flags, _scores(texts))
    if not outlines:
        raise DataError(f"{path}: no image in it")
    if role == "gt" or any(each.scores is None for each in outlines.values()):
        return {name: each._replace(scores=None) for name, each in outlines.items()}
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


_NOTHING = Outlines("", [], [], [])


def _from_folder(path: Path, role: Role, read: ReadTexts) -> Entries:
    with opened(path, _SUFFIXES[role]) as files:
        for file in files:
            name = re.sub(_PREFIX, "", file.stem)
            if role == "gt" and re.fullmatch(r"000\d{4}", name):
                name = name[3:]  # CTW1500 has 0001001.txt for 1001.jpg
            yield name, f"{path}/{file.name}", read(file)


def _from_label_line(line: str, path: Path, number: int, role: Role) -> tuple[str, str, list[Text] | list[Detected]]:
    image, items = parse_label_line(line, path, number)
    where = f"{path}:{number}"
    if role == "gt":
        return image, where, [Text(i["points"], i["transcription"], i["transcription"] in IGNORED) for i in items]
    scored = sum("score" in item for item in items)
    if scored not in (0, len(items)):
        raise DataError(f"{where}: {len(items)} outlines but {scored} with a 'score'; give each of them one, or none")
    return image, where, [Detected(item["points"], item.get("score")) for item in items]


def _scores(texts: Sequence[Text | Detected]) -> list[float] | None:
    scores = [float(text.score) for text in texts if isinstance(text, Detected) and text.score is not None]
    return scores if len(scores) == len(texts) else None


def _without_ending(image: str) -> str:
    path = PurePosixPath(image.replace("\\", "/"))
    return str(path.with_suffix("")) if path.suffix.lower() in IMAGE_SUFFIXES else str(path)


def _tail(name: str, depth: int) -> str:
    return "/".join(PurePosixPath(name).parts[-depth:])


def _tells_apart(names: Mapping[str, Outlines], depth: int) -> bool:
    return len({_tail(name, depth) for name in names}) == len(names)
