"""ICDAR2019 ReCTS (Chinese signboards): ``train_ReCTS_000001.jpg`` is annotated in a JSON file of the same name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Text
from mindocr.formats.datasets.pairing import by_number, paired
from mindocr.formats.datasets.reading import flat_points, get, read_json

_ENCODINGS = ("utf-8-sig", "gb18030")  # of the folders gt_unicode and gt


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their numbers; lines are used, characters are not; ``ignore`` = ignore.

    Raises:
        DataError: there is no annotation, or one is malformed.
    """
    return paired(job, _texts, suffixes=(".json",), order=by_number, layout="{}.json")


def _texts(file: Path) -> list[Text]:
    texts = []
    for number, line in enumerate(get(read_json(file, _ENCODINGS), "lines", list, str(file)), start=1):
        where = f"{file}: line {number}"
        points = flat_points(get(line, "points", list, where), where)
        if len(points) != 4:
            raise DataError(f"{where}: expected four corners, got {len(points)}: {points[:5]}")
        transcription = get(line, "transcription", str, where)
        texts.append(Text(points, transcription, bool(get(line, "ignore", int, where)) or transcription == "###"))
    return texts
