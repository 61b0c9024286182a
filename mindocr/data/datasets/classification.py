"""Data sets of classification: one class for each image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mindocr.data.datasets.base import ListFileDataset
from mindocr.data.datasets.recognition import WHOLE
from mindocr.data.sample import DetSample
from mindocr.formats.rec_label_file import read_rec_labels
from mindocr.formats.record import Record
from mindocr.registry import DATASETS


@DATASETS.register
class ClsDataset(ListFileDataset):
    """Images with one class each, listed as ``image path<TAB>label`` (see ``formats/rec_label_file.py``).

    Labels are names such as ``0`` and ``180``; blanks at their ends are removed. ``ClsLabelEncode`` checks them.
    ``polygon`` is empty, so ``CropTextLine`` keeps the image, as for ``RecDataset``.
    """

    provided_keys = ("img_path", "class_name", "polygon")

    def read_list(self, file: Path, folder: Path) -> Iterator[tuple[Record, int]]:
        """See the base class."""
        for number, name, label in read_rec_labels(file, "label"):
            yield Record(os.path.join(folder, name), f"{file}:{number}", label.strip()), 1  # noqa: PTH118  fast

    def _start(self, record: Record) -> DetSample:
        return {"img_path": record.img_path, "class_name": record.content, "polygon": WHOLE}
