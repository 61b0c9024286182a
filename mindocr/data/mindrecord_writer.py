"""Writing a data set as a MindRecord, see ``images/mindrecord.py``.

MindSpore is imported only while one is written.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mindocr.data.datasets.base import ImageDataset, provided_keys_of
from mindocr.data.datasets.mindrecord import MindRecordDataset, pack
from mindocr.errors import ConfigError, DataError, StorageError
from mindocr.images.mindrecord import COLUMNS, INDEXED, label_checksum, open_shard, read_inside
from mindocr.images.read import decoding_flags, open_image, read_file
from mindocr.registry import DATASETS
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)

MOST_SHARDS = 1000
_PAGE, _LARGEST_PAGE = 1 << 25, 1 << 28  # bytes; a page holds one image or more
_BATCH = 32 << 20  # bytes of images that are passed to the writer at a time
_SPARE = 4096  # bytes of a page besides an image


def write_mindrecord(spec: Mapping[str, Any], output: Path, shards: int = 1) -> tuple[int, int]:
    """Write the images and labels of a data set, and compare what was written with the checksums.

    All samples are written: ``sample_ratio``, the pipeline and the cache of the section apply when the file is read.

    Args:
        spec: section of a data set, with ``type``.
        output: MindRecord file; with several shards, each has its number added to this name.
        shards: number of shards.

    Returns:
        Number of images and of samples.

    Raises:
        ConfigError: the number of shards is out of range, or the data set has no labels.
        DataError: the target exists, or the data are missing or broken.
        StorageError: the files cannot be written.
    """
    if not 1 <= shards <= MOST_SHARDS:
        raise ConfigError(f"--shards: expected 1 to {MOST_SHARDS} files, got {shards}")
    refuse_existing(output)
    dataset = _source(spec)
    samples = _by_image(dataset)
    names = _names(list(samples))
    page = _page_size(list(samples), output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{output.name[:40]}.", suffix=".part", dir=output.parent) as folder:
            inside = Path(folder) / output.name
            images = _write(inside, shards, str(spec["type"]), page, _rows(samples, names, dataset.on_error == "skip"))
            found = sorted(Path(folder).iterdir())
            counts = _verify([path for path in found if path.suffix != ".db"], images)
            refuse_existing(output)
            for path in found:
                path.chmod(0o644)
                path.replace(output.parent / path.name)
    except OSError as error:
        raise StorageError(f"{output}: cannot write this MindRecord: {error.strerror or error}") from None
    return counts


def refuse_existing(output: Path) -> None:
    """Make sure that no file of this MindRecord exists.

    Raises:
        DataError: one does.
    """
    folder = list(output.parent.iterdir()) if output.parent.is_dir() else []
    for path in folder:
        rest = path.name.removeprefix(output.name).removesuffix(".db")
        if path.name.startswith(output.name) and (rest == "" or rest.isdigit()):
            raise DataError(f"{path}: this file exists and is not replaced; choose another --output, or remove it")


def _source(spec: Mapping[str, Any]) -> ImageDataset:
    """The data set without pipeline, cache and random choice."""
    kept = {k: v for k, v in spec.items() if not k.startswith("cache") and k != "output_columns"}
    if "sample_ratio" in kept:
        kept["sample_ratio"] = 1.0
    if spec["type"] == MindRecordDataset.__name__:
        raise ConfigError(
            f"type: {spec['type']} is read from a MindRecord already; choose the data set with image files"
        )
    if provided_keys_of(spec) == ImageDataset.provided_keys:
        raise ConfigError(f"type: {spec['type']} has no labels to write; choose a data set with labels")
    dataset: ImageDataset = DATASETS.build({**kept, "transform_pipeline": []}, key="type", is_train=True, seed=0)
    return dataset


def _by_image(dataset: ImageDataset) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """Numbers and packed samples of each image, by its path."""
    samples: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for number, record in enumerate(dataset.records):
        samples.setdefault(record.img_path, []).append((number, pack(dataset.get(number))))
    return samples


def _names(paths: Sequence[str]) -> dict[str, str]:
    """Names of the images: their paths relative to the folder that contains all of them, with ``/``."""
    common = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])  # noqa: PTH100, PTH120
    names = {path: os.path.relpath(path, common).replace(os.sep, "/") for path in paths}
    for path, name in names.items():
        if not name.isprintable():  # such as bytes that are no UTF-8
            raise DataError(f"{path!r}: a MindRecord takes only printable names of images; rename this file")
    return names


def _page_size(paths: Sequence[str], output: Path) -> int:
    """Bytes of a page that holds the largest image."""
    largest = max(paths, key=lambda path: Path(path).stat().st_size)
    needed = Path(largest).stat().st_size + _SPARE
    page = _PAGE
    while page < needed and page < _LARGEST_PAGE:
        page *= 2
    if page < needed:
        raise DataError(f"{largest}: {needed - _SPARE} bytes, above the limit of {_LARGEST_PAGE - _SPARE} bytes of an "
                        f"image in {output.name}; make this image smaller, or leave it out")  # fmt: skip
    return page


def _rows(
    samples: Mapping[str, list[tuple[int, dict[str, Any]]]], names: Mapping[str, str], skip: bool
) -> Iterator[dict[str, Any]]:
    """A row for each image; broken images are left out and counted if ``skip``."""
    left_out = []
    flags = decoding_flags(rgb=False, ignore_orientation=False)
    for path, numbered in progress(samples.items(), "write the MindRecord", "image", len(samples)):
        try:
            content = read_file(path)
            height, width = open_image(path, content, flags).size
        except DataError as error:
            if not skip:
                raise
            left_out.append(str(error))
            continue
        text = json.dumps(numbered, ensure_ascii=True, separators=(",", ":"))
        yield {
            "image": content, "name": names[path], "height": height, "width": width, "samples": text,
            "image_crc": zlib.crc32(content), "label_crc": label_checksum(names[path], text),
        }  # fmt: skip
    if left_out:
        logger.warning("left out: %d broken images (on_error: skip); the first: %s", len(left_out), left_out[0])


def _write(output: Path, shards: int, kind: str, page: int, rows: Iterator[dict[str, Any]]) -> int:
    """Write the rows; returns their number."""
    from mindspore.mindrecord import FileWriter

    writer = FileWriter(str(output), shards)
    writer.set_page_size(page)
    description = json.dumps({"program": "mindocr", "form": 1, "type": kind})
    writer.add_schema({name: {"type": each} for name, each in COLUMNS.items()}, description)
    writer.add_index(list(INDEXED))
    count = 0
    for batch in _batches(rows):
        writer.write_raw_data(batch)
        count += len(batch)
    writer.commit()
    return count


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch, size = [], 0
    for row in rows:
        batch.append(row)
        size += len(row["image"])
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _verify(shards: Sequence[Path], images: int) -> tuple[int, int]:
    """Read everything back, so that no file is kept that this version cannot read.

    Returns:
        Number of images and of samples.

    Raises:
        DataError: the checksums or the number of images differ.
    """
    found = samples = 0
    for shard in shards:
        rows = open_shard(shard).rows
        for name in progress(rows, f"check {shard.name}", "image", len(rows)):
            read_inside(f"{shard}/{name}", str(shard))
        found += len(rows)
        samples += sum(len(json.loads(row.samples)) for row in rows.values())
    if found != images:
        raise DataError(f"{shards[0]}: {images} images were written, but {found} can be read; write to another disk")
    return found, samples
