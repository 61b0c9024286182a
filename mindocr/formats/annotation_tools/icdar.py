"""Zip archives with a text file for each image: import and export of ground truth, export of results for benchmarks.

Lossless layouts for ground truth: ``quads`` (``gt_img_1.txt`` with ``x1,y1,...,x4,y4,text``) and ``polygons``
(``x1,y1,...,xn,yn,####text``). Layouts for results, which are rounded, clipped to the image and ordered clockwise:
``ic15``, ``ic13``, ``mlt``, ``td500``, ``ctw1500`` and ``totaltext``.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from mindocr.errors import ConfigError, DataError
from mindocr.formats.annotation_tools.common import Item, Labelled, Options, write_bytes
from mindocr.formats.benchmarks.archive import opened
from mindocr.formats.datasets.common import UNREAD, Entry, Job, Report, Text, tidy_polygon
from mindocr.formats.datasets.pairing import paired
from mindocr.formats.datasets.reading import is_number, points_of_fields, read_text_lines
from mindocr.geometry import bounding_box, min_area_quad, rotated_boxes_of

TRUTH = ("quads", "polygons")
_SEPARATOR = ",####"
_DAY = (1980, 1, 1, 0, 0, 0)


def read(job: Job, options: Options) -> Iterator[Entry]:
    """Images in the order of their names, from an archive or a folder of ground truth.

    Raises:
        ConfigError: a layout for results.
        DataError: the archive is damaged or contains folders or other files, or a line is malformed.
    """
    if options.layout not in TRUTH:
        raise ConfigError(f"layout '{options.layout}' cannot be imported; expected {' or '.join(TRUTH)}")
    with opened(job.label_dir, (".txt",)) as files:
        inside = replace(job, label_dir=files[0].parent)
        yield from paired(inside, partial(_texts, layout=options.layout), _image_names, layout="gt_{}.txt")


def _image_names(stem: str) -> list[str]:
    return [re.sub(r"^(gt|res)_", "", stem)]


def _texts(file: Path, layout: str) -> list[Text]:
    texts = []
    for number, line in read_text_lines(file):
        where = f"{file}:{number}"
        if layout == "quads":
            fields = line.split(",", 8)
            head, text = fields[:8], fields[8] if len(fields) == 9 else UNREAD
        else:
            joined, separator, text = line.partition(_SEPARATOR)
            head, text = joined.split(","), text if separator else UNREAD
        if len(head) < 6 or len(head) % 2 or (layout == "quads" and len(head) != 8) or not all(map(is_number, head)):
            raise DataError(f"{where}: expected a line of the layout '{layout}', got {line[:80]!r}")
        texts.append(Text(points_of_fields(head, where), text))
    return texts


def write(labelled: list[Labelled], target: Path, options: Options, report: Report) -> None:
    """Write the archive; results omit ignored texts and texts without area after rounding.

    Raises:
        ConfigError: unknown layout.
        DataError: two images have the same name, a line cannot hold a text, or a score is missing.
    """
    known = (*TRUTH, *_RESULTS)
    if options.layout not in known:
        raise ConfigError(f"unknown layout '{options.layout}'; known: {', '.join(known)}")
    files: dict[str, str] = {}
    for image in labelled:
        name = _file_name(PurePosixPath(image.path).stem, options.layout)
        if name in files:
            raise DataError(f"{image.where}: two images have the name {name}; the archive has no folders")
        kept = lines_of(image, options.layout)
        report.dropped += len(image.items) - len(kept)
        files[name] = "".join(f"{line}\n" for line in kept)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(name, _DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content.encode())
    write_bytes(target, buffer.getvalue())


def lines_of(image: Labelled, layout: str) -> list[str]:
    """Lines of the text file of an image in one of the layouts, see :func:`write`."""
    line_of = _truth_line if layout in TRUTH else _RESULTS[layout]
    lines = (line_of(item, image, layout) for item in image.items)
    return [line for line in lines if line]


def _file_name(stem: str, layout: str) -> str:
    if layout in ("ctw1500", "totaltext"):
        return f"{stem}.txt"
    if layout in TRUTH:
        return f"gt_{stem}.txt"
    return f"res_{re.sub(r'^t[rs]_', '', stem)}.txt"


def _truth_line(item: Item, image: Labelled, layout: str) -> str:
    if layout == "quads" and len(item.points) != 4:
        raise DataError(
            f"{image.where}: a polygon of {len(item.points)} points does not fit the layout 'quads'; use 'polygons'"
        )
    if re.search(r"[\r\n\ud800-\udfff]", item.transcription):
        problem = "has a line end or an unpaired surrogate, which a line cannot hold"
        raise DataError(f"{image.where}: the text {item.transcription!r} {problem}")
    return _joined(item.points) + (f",{item.transcription}" if layout == "quads" else _SEPARATOR + item.transcription)


def _outline(item: Item, image: Labelled, corners: bool) -> list[list[int]] | None:
    """Polygon in whole pixels inside the image, clockwise; None for ignored texts and those without area."""
    if item.ignored:
        return None
    points = np.array(item.points, dtype=np.float64)
    if corners and len(points) != 4:
        points = min_area_quad(points)[0]
    w, h = image.size
    inside = np.clip(np.rint(points), 0, (w - 1, h - 1)).astype(int)
    return tidy_polygon(inside.tolist())  # type: ignore[return-value]


def _quad(item: Item, image: Labelled, layout: str) -> str:
    points = _outline(item, image, corners=True)
    if points is None or layout != "mlt":
        return _joined(points or [])
    if item.score is None:
        raise DataError(f"{image.where}: a text without a score; MLT requires one in every line (see det_results.txt)")
    return f"{_joined(points)},{item.score:.4f}"


def _box(item: Item, image: Labelled, layout: str) -> str:
    points = _outline(item, image, corners=False)
    return ",".join(str(int(value)) for value in bounding_box(np.array(points))) if points else ""


def _turned(item: Item, image: Labelled, layout: str) -> str:
    points = _outline(item, image, corners=True)
    if points is None:
        return ""
    x, y, w, h, theta = rotated_boxes_of(min_area_quad(np.array(points))[0][None])[0]
    return f"{round(x)},{round(y)},{round(x + w)},{round(y + h)},{theta:.6f}"


def _polygon(item: Item, image: Labelled, layout: str) -> str:
    points = _outline(item, image, corners=False) or []
    return _joined([[y, x] for x, y in points] if layout == "totaltext" else points)


def _joined(points: object) -> str:
    return ",".join(str(value) for point in points for value in point)  # type: ignore[attr-defined]


_RESULTS: dict[str, Callable[[Item, Labelled, str], str]] = {
    "ic15": _quad, "ic13": _box, "mlt": _quad, "td500": _turned, "ctw1500": _polygon, "totaltext": _polygon,
}  # fmt: skip
