"""Street View Text: ``train.xml`` and ``test.xml`` list images (``img/00_00.jpg``) with upright boxes."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Text, rectangle
from mindocr.formats.datasets.images import place_of
from mindocr.formats.datasets.reading import parse_number, read_xml

USES_SPLIT = True


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of the file ``label_dir``, or of ``<split>.xml`` if that is a folder.

    Corners left of or above the image are moved to its border. Many words in the images are not annotated.

    Raises:
        DataError: no such file, or it is malformed.
    """
    file = job.label_dir
    if file.is_dir():
        if job.split is None:
            raise DataError(f"{file}: set --label_dir to the file (train.xml, test.xml), or add --split train or test")
        file = file / f"{job.split}.xml"
    root, lines = read_xml(file)
    images = list(root.iter("image"))
    if not images:
        raise DataError(f"{file}: no 'image' in this XML file; expected SVT's train.xml or test.xml")
    for image in images:
        where = f"{file}:{lines[image]}"
        name = (image.findtext("imageName") or "").strip()
        if not name:
            raise DataError(f"{where}: this image has no 'imageName'")
        texts = [_text(box, f"{file}:{lines[box]}") for box in image.iter("taggedRectangle")]
        yield Entry(place_of(job.image_dir, name, where), texts, where=where)


def _text(box: ElementTree.Element, where: str) -> Text:
    x, y, w, h = (parse_number(box.get(key, ""), f"{where}: '{key}'") for key in ("x", "y", "width", "height"))
    return Text(rectangle(max(x, 0), max(y, 0), max(x + w, 0), max(y + h, 0)), box.findtext("tag") or "")
