"""Data sets of text detection: images with polygons of texts, and images for prediction."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mindocr.data.datasets.base import ImageDataset, ListFileDataset
from mindocr.data.datasets.sources import Paths, Ratio, find_images, spread, subsample
from mindocr.data.sample import DetSample
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import DataError
from mindocr.formats.label_file import IGNORED, parse_texts, read_lines, split_label_line
from mindocr.formats.label_units import covers_a_pixel, refuse_small_texts
from mindocr.formats.record import Record
from mindocr.formats.synthtext_mat import read_synthtext
from mindocr.registry import DATASETS


@DATASETS.register
class DetDataset(ListFileDataset):
    """Images with texts, listed in label files with one line per image (see ``formats/label_file.py``)."""

    provided_keys = ("img_path", "label")

    def read_list(self, file: Path, folder: Path) -> Iterator[tuple[Record, int]]:
        """See the base class; the label is kept as JSON text, which needs less memory than lists."""
        small: list[dict[str, Any]] | None = []  # texts that count, as long as none covers a pixel
        for number, line in read_lines(file):
            where = f"{file}:{number}"
            name, label = split_label_line(line, file, number)
            texts = [text for text in parse_texts(label, where, name) if text["transcription"] not in IGNORED]
            if small is not None and any(covers_a_pixel(text["points"]) for text in texts):
                small = None
            elif small is not None:
                small.extend(texts)
            yield Record(os.path.join(folder, name), where, label), len(texts)  # noqa: PTH118  fast
        if small:
            refuse_small_texts(file, small)

    def _start(self, record: Record) -> DetSample:
        return {"img_path": record.img_path, "label": record.content}


@DATASETS.register
class SynthTextDataset(ListFileDataset):
    """SynthText: images with word boxes, listed in ``gt.mat`` or the cleaned ``gt_processed.mat`` (MATLAB 5).

    Samples contain boxes and words, so the pipeline needs no DetLabelEncode. If an image has different numbers of boxes
    and words, the extra ones are left out; the log states how many images are affected.
    """

    provided_keys = ("img_path", "polys", "texts", "ignore_tags")

    def read_list(self, file: Path, folder: Path) -> Iterator[tuple[Record, int]]:
        """See the base class."""
        return ((record, len(record.content[1])) for record in read_synthtext(file, folder))

    def _start(self, record: Record) -> DetSample:
        boxes, words = record.content
        ignored = np.array([word in IGNORED for word in words], dtype=bool)
        return {"img_path": record.img_path, "polys": list(boxes), "texts": list(words), "ignore_tags": ignored}


@DATASETS.register
class PredictDataset(ImageDataset):
    """Images without labels: those of a folder, one file, or all that match a pattern, sorted by name.

    Hidden files and folders, whose names begin with a dot, are left out.

    Args:
        data_dir: folder, file or pattern such as ``photos/*.jpg``, or a list of these.
        dataset_root: folder that ``data_dir`` is relative to.
        recursive: of a folder, also the images in its subfolders.
        sample_ratio: share of the images to use, as in ListFileDataset.
        transform_pipeline: ops, see ``transforms/pipeline.py``.
        output_columns: keys of a finished sample, in this order; None = all keys.
        on_error: ``skip`` leaves a broken image out and lists it at the end, ``stop`` or ``raise`` stops there.
        seed: seed of all random numbers; provided by the builder.
        is_train: whether the data are for training; provided by the builder.
        exclude: files of a folder or a pattern that are not taken; provided by prediction, for its own results.

    Raises:
        DataError: the path does not exist, or has no image.
    """

    def __init__(
        self,
        data_dir: Paths,
        dataset_root: str = "",
        recursive: bool = False,
        sample_ratio: Ratio = 1.0,
        transform_pipeline: Sequence[Mapping[str, Any] | str] = (),
        output_columns: Sequence[str] | None = None,
        on_error: Literal["skip", "stop", "raise"] = "skip",
        seed: int = 0,
        is_train: bool = False,
        exclude: Callable[[Path], bool] | None = None,
    ) -> None:
        pipeline = Pipeline(transform_pipeline, output_columns, self.provided_keys, is_train)
        places = data_dir if isinstance(data_dir, list) else [data_dir]
        ratios = spread("sample_ratio", sample_ratio, len(places))
        records: list[Record] = []
        for number, (place, ratio) in enumerate(zip(places, ratios)):
            files = find_images(Path(dataset_root) / place, recursive, exclude)
            records += [Record(str(files[i]), "", None) for i in subsample(len(files), ratio, (seed, number))]
        if not records:
            raise DataError(f"no image to predict: sample_ratio {sample_ratio} leaves none of {data_dir}")
        super().__init__(records, pipeline, output_columns, "skip" if on_error == "skip" else "raise", seed)
