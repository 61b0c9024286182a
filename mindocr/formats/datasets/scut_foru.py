"""SCUT-FORU (English and Chinese words): ``1.jpg`` is annotated in ``1.txt`` of the word annotations.

Published descriptions do not define the four numbers; ``--box_mode`` sets their meaning, and misfits are reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mindocr.formats.datasets.common import UNREAD, Entry, Job, Text, rectangle
from mindocr.formats.datasets.images import look_at
from mindocr.formats.datasets.pairing import paired
from mindocr.formats.datasets.reading import read_text_lines, split_box


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names; a line is ``x,y,w,h,"text"``, with ``box_mode`` xyxy corners of a box.

    A line without a text is not ignored and gets the transcription ``text``.

    Raises:
        DataError: there is no annotation, or a line is malformed.
    """

    def texts(file: Path) -> list[Text]:
        found = []
        for number, line in read_text_lines(file):
            (x, y, a, b), transcription = split_box(line, f"{file}:{number}")
            corner = (x + a, y + b) if job.box_mode == "xywh" else (a, b)
            found.append(Text(rectangle(x, y, *corner), transcription or UNREAD, transcription == "###"))
        return found

    for entry in paired(job, texts):
        _, (w, h), problem = look_at(entry.image)
        outside = [text for text in entry.texts if text.points[2][0] > w or text.points[2][1] > h]
        if outside and not problem:
            other = "xyxy" if job.box_mode == "xywh" else "xywh"
            job.warn(
                f"{entry.image}: {len(outside)} of {len(entry.texts)} boxes extend beyond the image ({w} x {h}); "
                f"try --box_mode {other}"
            )
        yield entry
