"""Base classes of data sets: from records to finished samples, and data sets that are listed in files.

A sample depends only on (seed, epoch, index), so neither the number of workers nor their order changes it. When a data
set is built, label files are read and checked, and all images must exist; images are read when a sample is requested.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from mindocr.data.datasets.image_paths import resolve_paths
from mindocr.data.datasets.label_check import LabelCount, merged, usable
from mindocr.data.datasets.sources import (
    Paths,
    Ratio,
    choose_share,
    pair_up,
    require_images,
    require_readable,
    require_texts,
)
from mindocr.data.loading.cache import Content, Kind, open_cache
from mindocr.data.sample import DetSample
from mindocr.data.transforms.further import FurtherSampleError
from mindocr.data.transforms.load import Store
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import DataError
from mindocr.formats.record import Record
from mindocr.images.headers import Size
from mindocr.registry import DATASETS
from mindocr.utils.files import hash_file

_TRIES = 20  # samples that may be broken before one further sample is given up


class ImageDataset:
    """Base class of all data sets: turns records into finished samples.

    Args:
        records: images of the data set, at least one.
        pipeline: transforms for every sample.
        output_columns: keys of a finished sample, in this order; None = all keys after the pipeline.
        on_error: reaction of a loader to a sample that raises DataError: ``raise`` stops, ``skip`` leaves it out and
            counts it.
        seed: seed of all random numbers in samples.
        cache: keeps images that have been read; None = no cache.

    Attributes:
        label_count: what of the texts of lines can be encoded; None where the pipeline encodes none.
        epochs: length of the training, for ops that depend on its progress; None = the data are for something else.
    """

    provided_keys: ClassVar[tuple[str, ...]] = ("img_path",)
    label_count: LabelCount | None = None

    def __init__(
        self,
        records: Sequence[Record],
        pipeline: Pipeline,
        output_columns: Sequence[str] | None,
        on_error: Literal["raise", "skip"],
        seed: int,
        cache: Store | None = None,
    ) -> None:
        self.records = records
        self.pipeline = pipeline
        if cache is not None:
            pipeline.use_cache(cache)
        self.output_columns = None if output_columns is None else list(output_columns)
        self.on_error: str = on_error
        self.seed = seed
        self.epochs: int | None = None

    @classmethod
    def keys_for(cls, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """Keys of a sample before its pipeline, of a data set with these arguments.

        Raises:
            ConfigError: the arguments name none.
        """
        return cls.provided_keys

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.get(index)

    def get(self, index: int, epoch: int = 0, size: Size | None = None) -> dict[str, Any]:
        """The finished sample ``index`` of ``epoch``.

        Args:
            index: of the sample.
            epoch: a random op draws other numbers in each.
            size: (h, w) of the image, in pixels, for ops that follow the size of a batch; None = their own.

        Raises:
            IndexError: ``index`` is out of range.
            DataError: the image or its label cannot be used; the message names file and line.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        record = self.records[index]
        rng = np.random.default_rng([self.seed, epoch, index])
        try:
            start = self._begin(index, epoch)
            if size is not None:
                start["batch_image_size"] = size
            sample = self.pipeline(start, rng, partial(self._another, epoch))
        except FurtherSampleError:
            raise
        except DataError as error:
            raise DataError(_locate(str(error), record)) from error
        if self.output_columns is None:
            return {key: value for key, value in sample.items() if key != "progress"}
        return {key: sample[key] for key in self.output_columns}  # type: ignore[literal-required]

    def _begin(self, index: int, epoch: int) -> DetSample:
        """The sample before its pipeline, with the share of the training that is over at the end of ``epoch``."""
        progress = min(epoch / self.epochs, 1.0) if self.epochs else 0.0
        return {**self._start(self.records[index]), "progress": progress}

    def _another(self, epoch: int, rng: np.random.Generator, prepare: Callable[[DetSample], DetSample]) -> DetSample:
        """A sample chosen at random and prepared, for ops that read further samples.

        With ``on_error: skip`` another one replaces a broken one, which is counted when its own turn comes.

        Raises:
            DataError: the sample cannot be used, or with ``skip`` none of many.
        """
        tries = _TRIES if self.on_error == "skip" else 1
        for left in reversed(range(tries)):
            index = int(rng.integers(len(self.records)))
            try:
                return prepare(self._begin(index, epoch))
            except DataError as error:
                if not left:
                    many = f" ({tries} others could not be used either)" if tries > 1 else ""
                    raise FurtherSampleError(f"{_locate(str(error), self.records[index])}{many}") from error
        raise AssertionError("unreachable")

    def describe(self, index: int) -> str:
        """``label file:line image path``, for messages."""
        record = self.records[index]
        return f"{record.where} {record.img_path}".strip()

    def label_hashes(self) -> dict[str, str]:
        """Name of each label file -> its SHA-256, so that a resumed run notices other labels."""
        names = {record.where.rpartition(":")[0] for record in self.records}
        return {name: hash_file(name) for name in sorted(filter(None, names))}

    def _start(self, record: Record) -> DetSample:
        return {"img_path": record.img_path}


class ListFileDataset(ImageDataset, ABC):
    """Base class of data sets that are listed in files.

    A data set type is a subclass, registered in ``DATASETS``, with ``provided_keys``, :meth:`read_list` and
    :meth:`_start`; it has the arguments of this class.

    Args:
        data_dir: folder that paths in the list are relative to, or a list of folders.
        label_file: file that lists the images with their labels, or a list of files, one per folder.
        dataset_root: folder that ``data_dir`` and ``label_file`` are relative to.
        sample_ratio: share of the images to use, one number or one per label file; chosen at random with
            ``seed``. 2 uses every image twice. At least one image of each label file must remain.
        transform_pipeline: ops, see ``transforms/pipeline.py``.
        output_columns: keys of a finished sample, in this order; None = all keys.
        on_error: ``raise`` stops at a broken image, ``skip`` leaves it out and lists it at the end.
        cache: keep images that have been read: ``ram`` = in memory shared by all workers, ``disk`` = in ``cache_dir``.
        cache_limit: largest size on each rank in bytes, or such as ``8GB``; other images are read each time.
        cache_content: ``decoded`` pixels (H x W x 3 bytes per image), or ``encoded`` files (smaller, but decoded each
            time).
        cache_dir: folder of the disk cache; empty = in the user's cache folder.
        seed: seed of all random numbers; provided by the builder.
        is_train: whether the data are for training; provided by the builder.

    Raises:
        DataError: a file is missing or malformed, images are missing or of a kind that is not read, no image of a file
            is used, or no text counts.
        ConfigError: lists have different lengths, or the pipeline is inconsistent.
    """

    def __init__(
        self,
        data_dir: Paths,
        label_file: Paths,
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
        pipeline = Pipeline(transform_pipeline, output_columns, self.provided_keys, is_train)
        records: list[Record] = []
        texts: list[LabelCount | None] = []
        counted = 0
        for number, (folder, file, ratio) in enumerate(pair_up(dataset_root, data_dir, label_file, sample_ratio)):
            listed, counts = [], []
            for record, count in self.read_list(file, folder):
                listed.append(record)
                counts.append(count)
            if lines := self.texts_of(listed):
                kept, found = usable(lines, pipeline, on_error)
                listed, counts = [listed[i] for i in kept], [counts[i] for i in kept]
                texts.append(found)
            listed = resolve_paths(listed, folder)
            require_images(listed, folder)
            if on_error == "raise":
                require_readable(listed)
            chosen = choose_share(len(listed), ratio, (seed, number), file)
            records += [listed[i] for i in chosen]
            counted += sum(counts[i] for i in chosen)
        require_texts(len(records), counted, label_file, is_train)
        store = open_cache(cache, cache_content, cache_limit, cache_dir, [record.img_path for record in records])
        if store is None:  # an empty cache is false
            store = self._default_cache()
        super().__init__(records, pipeline, output_columns, on_error, seed, store)
        self.label_count = merged(texts)
        self._prepare()

    def _prepare(self) -> None:
        """Called at the end of the construction, before the data set is sent to workers."""

    def texts_of(self, records: Sequence[Record]) -> Sequence[tuple[str, str]]:
        """The text of each record and its place, for data sets of single text lines; by default none.

        Those that the pipeline cannot encode are left out, or are an error; see ``label_check.py``.
        """
        return ()

    def _default_cache(self) -> Store | None:
        """What keeps images if no cache is configured; None = nothing."""
        return None

    @abstractmethod
    def read_list(self, file: Path, folder: Path) -> Iterable[tuple[Record, int]]:
        """Yield each image of a file with its number of texts that count.

        Args:
            file: one of ``label_file``.
            folder: folder that its paths are relative to, from ``data_dir``.

        Raises:
            DataError: the file is malformed; the message names the line.
        """


def provided_keys_of(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of a sample before its pipeline, of the data set in a section of a configuration.

    Raises:
        ConfigError: the section has an unknown type, or arguments that name no keys.
    """
    dataset: Any = DATASETS.get(spec["type"])
    keys: tuple[str, ...] = dataset.keys_for(spec) if hasattr(dataset, "keys_for") else dataset.provided_keys
    return keys


def _locate(message: str, record: Record) -> str:
    """The message, with image and line if it does not name them yet."""
    where = f" (listed in {record.where})" if record.where else ""
    return f"{message}{where}" if record.img_path in message else f"{record.img_path}: {message}{where}"
