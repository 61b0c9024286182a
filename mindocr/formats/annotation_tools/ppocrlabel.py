"""PPOCRLabel: ``Label.txt``, label lines whose paths begin with the name of the image folder.

Its other files (``fileState.txt``, ``Cache.cach``, ``rec_gt.txt``, ``crop_img``) are not used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.common import Labelled, Options, entries, text_of, write_bytes
from mindocr.formats.datasets.common import UNREAD, Entry, Job, Report, Text
from mindocr.formats.image_finder import Wanted, possible_names
from mindocr.formats.label_file import parse_texts, read_lines, split_label_line, to_json

_UNLABELLED = "待识别"
_LABELS = "Label.txt"


def read(job: Job, options: Options) -> Iterator[Entry]:
    """Images in the order of the file; ``difficult`` = ignore; a text without transcription gets ``text``.

    Raises:
        DataError: a malformed line, or two lines for the same image.
    """
    file = job.label_dir
    if file.is_dir():
        file = file / _LABELS
        if not file.is_file():
            raise DataError(f"{job.label_dir}: no {_LABELS} in this folder; in PPOCRLabel, use 'Export Label Result'")
    found: list[tuple[Wanted, list[Text]]] = []
    for number, line in read_lines(file):
        where = f"{file}:{number}"
        path, label = split_label_line(line, file, number)
        beside = (job.image_dir.resolve().parent,)
        found.append((Wanted(possible_names(path), where, None, beside), _texts(label, where, path)))
    if not found:
        raise DataError(f"{file}: this file is empty; in PPOCRLabel, use 'Export Label Result'")
    return entries(job, found)


def _texts(label: str, where: str, path: str) -> list[Text]:
    texts = []
    for text, raw in zip(parse_texts(label, where, path), json.loads(label)):
        transcription = UNREAD if text["transcription"] == _UNLABELLED else text["transcription"]
        texts.append(text_of(transcription, raw.get("difficult") is True, text["points"]))
    return texts


def write(labelled: list[Labelled], target: Path, options: Options, report: Report) -> None:
    """Write ``Label.txt``; put it into the image folder, as the tool expects."""
    lines = []
    for image in labelled:
        items = [{"transcription": i.transcription, "points": i.points, "difficult": i.ignored} for i in image.items]
        folder = image.image.parents[image.path.count("/")].resolve().name
        lines.append(f"{folder}/{image.path}\t{to_json(items)}\n")
    write_bytes(target / _LABELS if target.is_dir() else target, "".join(lines).encode())
