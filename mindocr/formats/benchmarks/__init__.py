"""Reading ground truth and results of any detector from the files that benchmarks use.

Three formats are recognized by their content: a mindocr label file, JSON lines ``{"image", "polygons", "ignore"}``,
and a folder or zip archive with one text file per image in the format of the data set's evaluation script.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, islice
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.benchmarks import detections
from mindocr.formats.benchmarks.archive import opened
from mindocr.formats.benchmarks.detections import NO_TEXTS, Detected, transcription_of, without_confidences
from mindocr.formats.benchmarks.json_lines import parse_json_line
from mindocr.formats.benchmarks.rotated import read_rotated_truth
from mindocr.formats.datasets import ctw1500, icdar2013, pairing, totaltext
from mindocr.formats.datasets.common import Text
from mindocr.formats.label_file import IGNORED, parse_label_line, read_lines
from mindocr.geometry import Polygon
from mindocr.images.read import IMAGE_SUFFIXES

Role = Literal["gt", "det"]
ReadTexts = Callable[[Path], list[Text]] | Callable[[Path], list[Detected]]
Entries = Iterator[tuple[str, str, Sequence[Text | Detected]]]  # image name, file and line, texts

READERS: dict[str, dict[Role, ReadTexts]] = {
    "icdar2015": {"gt": pairing.read_quads, "det": detections.read_quads},
    "icdar2013": {"gt": icdar2013.read_boxes, "det": detections.read_boxes},
    "td500": {"gt": read_rotated_truth, "det": detections.read_rotated},
    "ctw1500": {"gt": ctw1500.read_texts, "det": detections.read_points},
    "totaltext": {"gt": totaltext.read_texts, "det": detections.read_points_y_first},
}
# readers for protocols that compare texts; the other formats have no texts
TEXT_READERS: dict[str, dict[Role, ReadTexts]] = {
    "icdar2015": {"gt": pairing.read_quads, "det": detections.read_quad_texts},
    "icdar2013": {"gt": icdar2013.read_boxes, "det": detections.read_box_texts},
}
_SUFFIXES: dict[Role, tuple[str, ...]] = {"gt": (".txt", ".gt", ".xml", ".mat"), "det": (".txt",)}
_PREFIX = r"^(poly_)?gt_|^res_"


class Outlines(NamedTuple):
    """Polygons of one image, from ground truth or results.

    Attributes:
        where: file and line.
        polys: polygons (K_i, 2) float64 in pixels, in the order of the file.
        ignore: a flag for each polygon, True = do-not-care region.
        scores: a finite number for each polygon, higher means more confident; None for ground truth and results
            without.
        texts: a text for each polygon; None if texts were not asked for.
        image: the image's name as in the file, with its ending.
    """

    where: str
    polys: list[Polygon]
    ignore: list[bool]
    scores: list[float] | None = None
    texts: list[str] | None = None
    image: str = ""


class ImagePair(NamedTuple):
    """Ground truth and detections of one image; ``found.where`` is empty when the results do not contain the image."""

    image: str
    truth: Outlines
    found: Outlines


def read_pairs(
    gt: Path, det: Path, file_formats: Mapping[Role, str], rotated_boxes: bool = False, with_texts: bool = False
) -> tuple[list[ImagePair], list[str]]:
    """Read ground truth and results with :func:`read_outlines` and pair them with :func:`pair_images`."""
    truth = read_outlines(gt, "gt", file_formats["gt"], rotated_boxes, with_texts)
    return pair_images(truth, read_outlines(det, "det", file_formats["det"], rotated_boxes, with_texts))


def read_outlines(
    path: Path, role: Role, file_format: str, rotated_boxes: bool = False, with_texts: bool = False
) -> dict[str, Outlines]:
    """Read the polygons of every image; keys are image names as in the file, without the ending of an image file.

    Args:
        path: a file, a folder or an archive.
        role: ``gt`` for ground truth, where texts may be ignored, or ``det`` for results.
        file_format: data set whose text file format a folder or archive uses, a key of :data:`READERS`.
        rotated_boxes: use the corners of ``rects`` instead of ``polygons`` in JSON lines.
        with_texts: the texts are needed too.

    Returns:
        Polygons with scores when every detection of the results has one, else without: in text files a single score
        could also be a transcription that is a number.

    Raises:
        DataError: no image, a malformed line (with file and line), an image that occurs twice, or there are no texts
            although they are needed.
    """
    outlines = _outlines(_entries(path, role, file_format, rotated_boxes, with_texts), with_texts)
    if not outlines:
        raise DataError(f"{path}: no image in it")
    texts = [text for each in outlines.values() for text in each.texts or ()]
    if texts and not any(texts):
        raise DataError(f"{path}: every text in it is empty. {NO_TEXTS}")
    if role == "gt" or any(each.scores is None for each in outlines.values()):
        return {name: each._replace(scores=None) for name, each in outlines.items()}
    return outlines


def _entries(path: Path, role: Role, file_format: str, rotated_boxes: bool, with_texts: bool) -> Entries:
    """The images of a file, a folder or an archive, in its form."""
    if path.is_dir() or zipfile.is_zipfile(path):
        if with_texts:
            return _texts_from_folder(path, role, file_format)
        return _from_folder(path, role, READERS[file_format][role])
    if next((line for _, line in read_lines(path)), "").startswith("{"):
        return (parse_json_line(line, f"{path}:{n}", role, rotated_boxes, with_texts) for n, line in read_lines(path))
    return (_from_label_line(line, path, number, role) for number, line in read_lines(path))


def _outlines(entries: Entries, with_texts: bool) -> dict[str, Outlines]:
    outlines: dict[str, Outlines] = {}
    for image, where, texts in entries:
        name = _without_ending(image)
        if name in outlines:
            raise DataError(f"{where}: image '{image}' occurs twice, first at {outlines[name].where}")
        polys = [np.array(text.points, dtype=np.float64).reshape(-1, 2) for text in texts]
        flags = [isinstance(text, Text) and text.ignored for text in texts]
        outlines[name] = Outlines(where, polys, flags, _scores(texts), _texts(texts) if with_texts else None, image)
    return outlines


def pair_images(truth: Mapping[str, Outlines], found: Mapping[str, Outlines]) -> tuple[list[ImagePair], list[str]]:
    """Pair ground truth and results by file name, with as many parent folders as make the names unique.

    Returns:
        A pair for each image of the ground truth, in its order, and the names of images without results, which count as
        images without detections.

    Raises:
        DataError: results for an image that is not in the ground truth.
    """
    depth = next(n for n in count(1) if all(_tells_apart(names, n) for names in (truth, found)))
    results = {_tail(name, depth): outlines for name, outlines in found.items()}
    pairs = [ImagePair(name, known, results.pop(_tail(name, depth), _NOTHING)) for name, known in truth.items()]
    if results:
        name, stray = next(iter(results.items()))
        raise DataError(
            f"{stray.where}: no image '{name}' in the ground truth, which has '{next(iter(truth))}' and so on; "
            f"{len(results)} of {len(found)} images with results are not in it"
        )
    return pairs, [pair.image for pair in pairs if pair.found is _NOTHING]


_NOTHING = Outlines("", [], [], [], [])


def _from_folder(path: Path, role: Role, read: ReadTexts) -> Entries:
    with opened(path, _SUFFIXES[role]) as files:
        for file in files:
            name = re.sub(_PREFIX, "", file.stem)
            if role == "gt" and re.fullmatch(r"000\d{4}", name):
                name = name[3:]  # CTW1500 has 0001001.txt for 1001.jpg
            yield name, f"{path}/{file.name}", read(file)


def _texts_from_folder(path: Path, role: Role, file_format: str) -> Entries:
    """Entries of text files with their texts as the benchmark's script reads them."""
    if file_format not in TEXT_READERS:
        raise DataError(
            f"{path}: text files of {file_format} are read without texts; the protocol needs files of "
            f"{' or '.join(TEXT_READERS)}, a label file or JSON lines"
        )
    entries: list[Any] = list(_from_folder(path, role, TEXT_READERS[file_format][role]))
    if role == "gt":
        for image, where, texts in entries:
            yield image, where, [text._replace(transcription=transcription_of(text.transcription)) for text in texts]
        return
    left = iter(without_confidences([text for _, _, texts in entries for text in texts]))
    for image, where, texts in entries:
        yield image, where, list(islice(left, len(texts)))


def _from_label_line(line: str, path: Path, number: int, role: Role) -> tuple[str, str, list[Text] | list[Detected]]:
    image, items = parse_label_line(line, path, number)
    where = f"{path}:{number}"
    if role == "gt":
        return image, where, [Text(i["points"], i["transcription"], i["transcription"] in IGNORED) for i in items]
    scored = sum("score" in item for item in items)
    if scored not in (0, len(items)):
        raise DataError(f"{where}: {len(items)} polygons but {scored} with a 'score'; expected all or none")
    return image, where, [Detected(item["points"], item.get("score"), item["transcription"]) for item in items]


def _scores(texts: Sequence[Text | Detected]) -> list[float] | None:
    scores = [float(text.score) for text in texts if isinstance(text, Detected) and text.score is not None]
    return scores if len(scores) == len(texts) else None


def _texts(texts: Sequence[Text | Detected]) -> list[str]:
    return [text.transcription if isinstance(text, Text) else text.text or "" for text in texts]


def _without_ending(image: str) -> str:
    path = PurePosixPath(image.replace("\\", "/"))
    return str(path.with_suffix("")) if path.suffix.lower() in IMAGE_SUFFIXES else str(path)


def _tail(name: str, depth: int) -> str:
    return "/".join(PurePosixPath(name).parts[-depth:])


def _tells_apart(names: Mapping[str, Outlines], depth: int) -> bool:
    return len({_tail(name, depth) for name in names}) == len(names)
