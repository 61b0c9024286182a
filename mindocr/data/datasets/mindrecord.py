"""A data set in MindRecord files, which contain the images and the labels of any other data set type.

A row of a MindRecord is an image. Its column ``samples`` is a JSON list with an entry for each sample of this image:
its position in the data set, and the keys and values that the data set provided. An array is a mapping of ``dtype``,
``shape`` and ``values``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mindocr.data.datasets.aspect import TextLines
from mindocr.data.datasets.base import ImageDataset, provided_keys_of
from mindocr.data.datasets.label_check import LabelCount, merged, usable
from mindocr.data.datasets.recognition import WHOLE, RecentImages
from mindocr.data.datasets.sources import Paths, Ratio, choose_share, spread
from mindocr.data.loading.cache import Content, Kind, open_cache
from mindocr.data.sample import DetSample
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import ConfigError, DataError
from mindocr.formats.record import Record
from mindocr.images.mindrecord import find_shards, open_shard
from mindocr.registry import DATASETS
from mindocr.utils.paths import expand_home


@DATASETS.register
class MindRecordDataset(TextLines, ImageDataset):
    """Images and labels in MindRecord files that ``mindocr make-mindrecord`` wrote.

    Samples, their order and their random numbers are those of the data set that was written. The path of an image is
    ``<shard>/<name>``, see ``images/mindrecord.py``.

    Args:
        data_dir: MindRecord file without the number of a shard, or one of its shards; or a list of these.
        samples_of: data set type that was written, such as ``DetDataset``.
        dataset_root: folder that ``data_dir`` is relative to.
        sample_ratio: share of the samples to use, as in ListFileDataset.
        transform_pipeline: ops, see ``transforms/pipeline.py``.
        output_columns: keys of a finished sample, in this order; None = all keys.
        on_error: ``raise`` stops at a broken image, ``skip`` leaves it out and lists it at the end.
        cache, cache_limit, cache_content, cache_dir: keep images that have been read, as in ListFileDataset.
        seed: seed of all random numbers; provided by the builder.
        is_train: whether the data are for training; provided by the builder.

    Raises:
        DataError: a file is missing, damaged or cut short, has samples of another data set type, or no sample is used.
        ConfigError: ``samples_of`` is unknown, or the pipeline is inconsistent.
    """

    def __init__(
        self,
        data_dir: Paths,
        samples_of: str,
        dataset_root: str = "",
        sample_ratio: Ratio = 1.0,
        transform_pipeline: Sequence[Mapping[str, Any] | str] = (),
        output_columns: Sequence[str] | None = None,
        on_error: Literal["raise", "skip"] = "raise",
        cache: Kind = "none",
        cache_limit: int | str = "8GB",
        cache_content: Content = "decoded",
        cache_dir: str = "",
        seed: int = 0,
        is_train: bool = True,
    ) -> None:
        keys = self.keys_for({"samples_of": samples_of})
        pipeline = Pipeline(transform_pipeline, output_columns, keys, is_train)
        files = data_dir if isinstance(data_dir, list) else [data_dir]
        if not files:
            raise ConfigError("data_dir: the list is empty; expected one MindRecord file or more")
        records: list[Record] = []
        counts: list[LabelCount | None] = []
        for number, (file, ratio) in enumerate(zip(files, spread("sample_ratio", sample_ratio, len(files)))):
            path = Path(expand_home(dataset_root)) / expand_home(file)
            listed = read_records(path, samples_of)
            if "text" in keys:  # of one line: the same are left out as from the files that were written
                texts = [(record.content["text"], record.where) for record in listed]
                kept, counted = usable(texts, pipeline, on_error)
                counts.append(counted)
                listed = [listed[i] for i in kept]
            records += [listed[i] for i in choose_share(len(listed), ratio, (seed, number), path)]
        store = open_cache(cache, cache_content, cache_limit, cache_dir, [record.img_path for record in records])
        if store is None and len({record.img_path for record in records}) < len(records):
            store = RecentImages()  # neighbouring samples share an image
        super().__init__(records, pipeline, output_columns, on_error, seed, store)
        self.label_count = merged(counts)

    @classmethod
    def keys_for(cls, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """See the base class: the keys of the data set type that was written."""
        written = arguments.get("samples_of")
        if written == cls.__name__:
            raise ConfigError(
                f"samples_of: expected the data set type that was written, such as DetDataset, not {written}"
            )
        return provided_keys_of({"type": written})

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Conditions that types cannot express, see :meth:`mindocr.registry.Registry.check`."""
        try:
            cls.keys_for(arguments)
        except ConfigError as error:
            return [("samples_of", str(error).removeprefix("samples_of: "))] if "samples_of" in arguments else []
        return []

    def _start(self, record: Record) -> DetSample:
        return {"img_path": record.img_path, **unpack(record.content)}  # type: ignore[typeddict-item]

    def line_of(self, record: Record) -> tuple[str, np.ndarray]:
        """Image file and polygon of a line."""
        polygon = record.content.get("polygon")
        return record.img_path, WHOLE if polygon is None else _unpacked(polygon)


def with_files(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The section of a data set that reads label files: its type is then the one that a MindRecord was written from."""
    kept = {key: value for key, value in spec.items() if key != "samples_of"}
    return {**kept, "type": spec.get("samples_of", spec.get("type"))}


def read_records(path: Path, samples_of: str) -> list[Record]:
    """The samples of a MindRecord in their order, each with its packed keys as content.

    Raises:
        DataError: see the class.
    """
    found: list[tuple[int, Record]] = []
    for file in find_shards(path):
        shard = open_shard(file)
        if shard.facts.get("type") != samples_of:
            written = shard.facts.get("type")
            raise DataError(f"{file}: has samples of {written}, expected {samples_of}; set samples_of to {written}")
        for name, row in shard.rows.items():
            image = f"{file}/{name}"
            found += [
                (number, Record(image, f"{file}.db:{number + 1}", packed)) for number, packed in json.loads(row.samples)
            ]
    found.sort(key=lambda each: each[0])
    return [record for _, record in found]


def pack(sample: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a sample but its path as values of JSON."""
    return {key: _packed(value) for key, value in sample.items() if key != "img_path"}


def unpack(packed: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that :func:`pack` packed; floats of arrays are equal to the last bit."""
    return {key: _unpacked(value) for key, value in packed.items()}


def _packed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.str, "shape": list(value.shape), "values": value.ravel().tolist()}
    return [_packed(each) for each in value] if isinstance(value, list) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        return np.array(value["values"], value["dtype"]).reshape(value["shape"])
    return [_unpacked(each) for each in value] if isinstance(value, list) else value
