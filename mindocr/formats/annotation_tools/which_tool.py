"""Recognises files of annotation tools by their content, for the message when an import cannot read a file."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.label_studio_simple import is_simple
from mindocr.formats.datasets.reading import is_number, read_text
from mindocr.utils.search import find_files

_LARGEST = 256 << 20  # bytes of a file that is looked at
_FIRST = 4096  # characters that say what a text file is
_READ = "COCO, labelme, Label Studio (JSON), PPOCRLabel and ICDAR text files are read"
_CSV_ADVICE = "export 'JSON' from Label Studio and use --format label_studio"
_NAMED = {
    "filestate.txt": "PPOCRLabel's list of finished images; its labels are in Label.txt",
    "rec_gt.txt": "PPOCRLabel's texts of cropped images, without polygons; its labels are in Label.txt",
    "cache.cach": "PPOCRLabel's cache; in PPOCRLabel, use 'Export Label Result', which writes Label.txt",
    "cache.cal": "PPOCRLabel's cache; in PPOCRLabel, use 'Export Label Result', which writes Label.txt",
}


def advice(source: Path, format_name: str) -> str:
    """What a file or folder is, and what to do, if another tool wrote it; otherwise an empty text."""
    for file in islice(_candidates(source), 20):
        found = _recognise(file)
        if found and found[0] != format_name:
            name = f"--format {found[0]} reads it" if found[0] else _READ
            return f"{file}: this is {found[1]}; {name}"
    return ""


def _candidates(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
    elif source.is_dir():
        yield from find_files(source, (".json", ".xml", ".txt", ".csv", ".tsv", ".zip")).files


def _recognise(file: Path) -> tuple[str, str] | None:
    """(our name of the format or empty, what it is and what to do) or None."""
    if file.name.lower() in _NAMED:
        return "", _NAMED[file.name.lower()]
    try:
        if zipfile.is_zipfile(file):
            return "icdar", "a zip archive (unpack an archive of JSON or XML files before the import)"
        if file.stat().st_size > _LARGEST:
            return None
        text = read_text(file)
    except (OSError, DataError):
        return None
    begin = text[:_FIRST].lstrip()
    if begin.startswith("<"):
        return _xml(begin)
    if begin.startswith(("[", "{")):
        try:
            return _json(json.loads(text))
        except (ValueError, RecursionError):
            return None
    return _lines(file, begin)


def _xml(begin: str) -> tuple[str, str] | None:
    coco = "export 'COCO 1.0' and use --format coco"
    if "<tagset" in begin or "<Annotations" in begin:
        return "", "the XML of a published data set; see mindocr convert"
    if "<annotations" in begin:
        return "", f"an XML file of CVAT; in CVAT, {coco}"
    if "<annotation" in begin:
        return "", f"an XML file of Pascal VOC, whose boxes have no texts; in the annotation tool, {coco}"
    return "", "an XML file of another tool"


def _json(content: Any) -> tuple[str, str] | None:
    if isinstance(content, list):
        first = content[0] if content else None
        if isinstance(first, dict) and ("data" in first or "annotations" in first or is_simple(first)):
            return "label_studio", "a list of tasks of Label Studio"
        return None
    if not isinstance(content, dict):
        return None
    if "images" in content and "annotations" in content:
        return "coco", "a COCO file"
    if "shapes" in content:
        return "labelme", "a file of labelme"
    if "_via_img_metadata" in content or any(isinstance(v, dict) and "regions" in v for v in content.values()):
        return "", "a JSON file of VGG Image Annotator (VIA); in VIA, export 'COCO' and use --format coco"
    if "task" in content and "result" in content:
        return "", "one annotation of Label Studio's cloud storage; export 'JSON' from its project instead"
    if "items" in content and "categories" in content:
        return "", "a JSON file of Datumaro; convert it to COCO and use --format coco"
    if "data" in content and "annotations" in content:
        return "", "one task of Label Studio; export 'JSON' from its project instead, which is a list of tasks"
    return None


def _lines(file: Path, begin: str) -> tuple[str, str] | None:
    line = next((line for line in begin.split("\n") if line.strip()), "")
    if file.suffix.lower() in (".csv", ".tsv"):
        return "", f"a table ({file.suffix[1:].upper()}); {_CSV_ADVICE}"
    path, tab, rest = line.partition("\t")
    if tab and path.strip() and rest.lstrip().startswith("["):
        return "ppocrlabel", "a label file with a list of texts in each line, as PPOCRLabel and mindocr write it"
    fields = line.split()
    numbers = len(fields) >= 5 and all(map(is_number, fields)) and re.fullmatch(r"\d+", fields[0])
    if numbers and all(-0.01 <= float(value) <= 1.01 for value in fields[1:]):
        return "", "a file of YOLO, whose boxes have no texts; in the annotation tool, export COCO"
    if line.count(",") >= 8 and all(map(is_number, line.split(",")[:8])):
        return "icdar", "a text file of quadrilaterals; --other is then their folder or zip archive"
    return None
