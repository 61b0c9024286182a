"""A data set of text recognition in LMDB environments, as its benchmarks are published (``images/lmdb_file.py``)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from mindocr.data.datasets.aspect import TextLines
from mindocr.data.datasets.base import ImageDataset
from mindocr.data.datasets.label_check import LabelCount, encoder_of, merged, report
from mindocr.data.datasets.recognition import WHOLE
from mindocr.data.datasets.sources import Paths, Ratio, choose_share, spread
from mindocr.data.loading.cache import Content, Kind, open_cache
from mindocr.data.sample import DetSample
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import ConfigError, DataError
from mindocr.formats.record import Record
from mindocr.images import lmdb_file
from mindocr.images.lmdb_file import count_samples, decode_label, find_lmdbs, image_path, label_path
from mindocr.registry import DATASETS
from mindocr.utils.paths import expand_home

logger = logging.getLogger(__name__)

MOST_READ = 2_000_000  # labels of an environment that are all read before training
_SAMPLED = 200_000  # of more, so many evenly distributed ones


@DATASETS.register
class LMDBDataset(TextLines, ImageDataset):
    """Text lines in LMDB environments: folders with ``data.mdb``.

    Before anything is trained, the labels are compared with the dictionary and the length that ``RecLabelEncode``
    takes; of an environment with more than two million samples, 200,000 evenly distributed labels. Labels that it
    cannot encode are left out with ``on_error: skip``, and are an error otherwise. Environments are opened by each
    worker process for itself, for reading only. ``polygon`` is empty, so the pipelines of ``WordsOfDetDataset`` and
    ``RecDataset`` take this type too. It needs the package lmdb (``pip install "mindocr[lmdb]"``).

    Args:
        data_dir: folder of an environment, or a folder whose subfolders, at any depth, are environments; or a list.
        dataset_root: folder that ``data_dir`` is relative to.
        sample_ratio: share of the samples to use, one number or one per entry of ``data_dir``, as in ListFileDataset.
        transform_pipeline: ops, see ``transforms/pipeline.py``.
        output_columns: keys of a finished sample, in this order; None = all keys.
        on_error: ``raise`` stops at a broken image or label, ``skip`` leaves it out and counts it.
        cache, cache_limit, cache_content, cache_dir: keep images that have been read, as in ListFileDataset.
        seed: seed of all random numbers; provided by the builder.
        is_train: whether the data are for training; provided by the builder.

    Raises:
        DataError: a folder has no environment, one is damaged or cut short, keys are missing, or no sample is used.
        ConfigError: the package lmdb is not installed, or the pipeline is inconsistent.
    """

    provided_keys = ("img_path", "text", "polygon")

    def __init__(
        self,
        data_dir: Paths,
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
        places = data_dir if isinstance(data_dir, list) else [data_dir]
        if not places:
            raise ConfigError("data_dir: the list is empty; expected one folder or more")
        folders: list[str] = []
        parts: list[tuple[int, np.ndarray]] = []
        counts: list[LabelCount | None] = []
        self._hashes: dict[str, str] = {}
        for number, (place, ratio) in enumerate(zip(places, spread("sample_ratio", sample_ratio, len(places)))):
            path = Path(expand_home(dataset_root)) / expand_home(place)
            found = []
            for folder in map(str, find_lmdbs(path)):
                numbers, self._hashes[folder], counted = usable_numbers(folder, pipeline, on_error)
                counts.append(counted)
                found.append((len(folders), numbers))
                folders.append(folder)
            parts += _share(found, ratio, (seed, number), path)
        records = LmdbRecords(folders, parts)
        paths = [record.img_path for record in records] if cache != "none" else []
        store = open_cache(cache, cache_content, cache_limit, cache_dir, paths)
        super().__init__(records, pipeline, output_columns, on_error, seed, store)
        self.label_count = merged(counts)

    def texts_of(self, records: Sequence[Record]) -> list[tuple[str, str]]:
        """Label of each record, and its place."""
        return [(lmdb_file.read_label(*record.content), record.where) for record in records]

    def label_hashes(self) -> dict[str, str]:
        """See the base class: the labels of each environment that were read before training."""
        return self._hashes

    def _start(self, record: Record) -> DetSample:
        return {"img_path": record.img_path, "text": lmdb_file.read_label(*record.content), "polygon": WHOLE}

    def line_of(self, record: Record) -> tuple[str, np.ndarray]:
        """Image file and polygon of a line."""
        return record.img_path, WHOLE


class LmdbRecords(Sequence[Record]):
    """Records that are made when they are read: a list of them would need a gigabyte for three million samples.

    The content of a record is (folder, number).

    Args:
        folders: of the environments.
        parts: index of a folder, and the numbers of samples in it, in order.
    """

    def __init__(self, folders: Sequence[str], parts: Sequence[tuple[int, np.ndarray]]) -> None:
        self._folders = list(folders)
        self._folder_of = np.concatenate([np.full(len(numbers), i, np.int32) for i, numbers in parts])
        self._numbers = np.concatenate([numbers.astype(np.int32) for _, numbers in parts])

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        folder, number = self._folders[self._folder_of[index]], int(self._numbers[index])
        return Record(image_path(folder, number), label_path(folder, number), (folder, number))


def usable_numbers(folder: str, pipeline: Pipeline, on_error: str) -> tuple[np.ndarray, str, LabelCount | None]:
    """The numbers of the samples that the pipeline can use, a SHA-256 of the labels that were read, and their counts.

    Raises:
        DataError: see :class:`LMDBDataset`.
    """
    total = count_samples(folder)
    if not total:
        raise DataError(f"{folder}: the LMDB environment is empty: num-samples is 0")
    digest = hashlib.sha256(str(total).encode())
    encoder = encoder_of(pipeline)
    counted = LabelCount(encoder) if encoder is not None else None
    kept: list[int] = []
    looked = 0
    for number, value in _labels(folder, total):
        looked += 1
        digest.update(value)
        if counted is None or counted.add(decode_label(value, folder, number), label_path(folder, number)):
            kept.append(number)
    if counted is not None:
        report(counted, on_error, folder, of=total)
    if total > MOST_READ:
        return np.arange(1, total + 1), digest.hexdigest(), counted
    if looked < total:
        _report_missing(folder, total, looked, on_error)
    return np.array(kept, np.int64), digest.hexdigest(), counted


def _labels(folder: str, total: int) -> Iterator[tuple[int, bytes]]:
    """The labels to look at: all, or evenly distributed ones."""
    if total <= MOST_READ:
        return ((number, value) for number, value in lmdb_file.read_labels(folder) if 1 <= number <= total)
    numbers = np.linspace(1, total, _SAMPLED).astype(int).tolist()
    return ((number, lmdb_file.read_label(folder, number).encode()) for number in numbers)


def _report_missing(folder: str, total: int, found: int, on_error: str) -> None:
    present = {number for number, _ in lmdb_file.read_labels(folder)}
    first = next(number for number in range(1, total + 1) if number not in present)
    problem = f"{folder}: {total - found} of {total} labels are missing, the first is label-{first:09d}"
    if on_error != "skip" or not found:
        raise DataError(
            f"{problem}; num-samples and the keys do not agree: write the environment again, or set on_error: skip to "
            "leave such samples out"
        )
    logger.warning("%s; they are left out", problem)


def _share(
    found: Sequence[tuple[int, np.ndarray]], ratio: float, seed: Sequence[int], place: Path
) -> list[tuple[int, np.ndarray]]:
    """The chosen share of the samples of the environments at one place, in order."""
    if ratio == 1:
        return list(found)
    chosen = np.array(choose_share(sum(len(numbers) for _, numbers in found), ratio, seed, place))
    parts, start = [], 0
    for folder, numbers in found:
        mine = chosen[(chosen >= start) & (chosen < start + len(numbers))] - start
        parts.append((folder, numbers[mine]))
        start += len(numbers)
    return parts
