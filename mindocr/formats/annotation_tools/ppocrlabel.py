"""PPOCRLabel: ``Label.txt``, label lines whose paths begin with the name of the image folder.

Its other files (``fileState.txt``, ``Cache.cach``, ``rec_gt.txt``, ``crop_img``) are not used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from mindocr.formats.annotation_tools.common import Labelled, Options, text_of, write_bytes
from mindocr.formats.datasets.common import UNREAD, Entry, Job, Report, Text
from mindocr.formats.datasets.images import place_of
from mindocr.formats.label_file import parse_texts, read_lines, split_label_line, to_json

_UNLABELLED = "待识别"


def read(job: Job, options: Options) -> Iterator[Entry]:
    """Images in the order of the file; ``difficult`` = ignore; a text without transcription gets ``text``.

    Raises:
        DataError: a malformed line.
    """
    file = job.label_dir / "Label.txt" if job.label_dir.is_dir() else job.label_dir
    for number, line in read_lines(file):
        where = f"{file}:{number}"
        path, label = split_label_line(line, file, number)
        inside = path.removeprefix(f"{job.image_dir.resolve().name}/")
        yield Entry(place_of(job.image_dir, inside, where), _texts(label, where, path))


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
        folder = image.image.resolve().parents[image.path.count("/")].name
        lines.append(f"{folder}/{image.path}\t{to_json(items)}\n")
    write_bytes(target / "Label.txt" if target.is_dir() else target, "".join(lines).encode())
