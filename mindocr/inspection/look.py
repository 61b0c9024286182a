"""Samples of a data set as training receives them: chosen at random, described in a line, drawn with their labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mindocr.data.datasets.base import ImageDataset
from mindocr.errors import ConfigError, DataError
from mindocr.formats.record import Record
from mindocr.geometry.raster import fill_polygon
from mindocr.inspection.label_maps import Pictures, displayed, maps_of, pictures_of, texts_of

MOST_SAMPLES = 500  # a sheet of more could not be looked at


class View(NamedTuple):
    """A drawn sample.

    Attributes:
        name: file name of its image.
        where: ``FILE:LINE`` of its label, or empty.
        size: (h, w) of the image after the pipeline.
        used: number of texts that count; None = the sample has no polygons.
        ignored: number of ignored texts.
        share: area of the texts that count as a share of the image, in [0, 1].
        pictures: titles and (H, W, 3) uint8 RGB.
    """

    name: str
    where: str
    size: tuple[int, int]
    used: int | None
    ignored: int
    share: float
    pictures: Pictures

    def facts(self) -> str:
        """Size, numbers of texts and their area, for a caption."""
        size = f"{self.size[0]} x {self.size[1]} (h x w)"
        if self.used is None:
            return size
        return f"{size}, texts: {self.used} used, {self.ignored} ignored, text area {self.share:.1%}"


class Look(NamedTuple):
    """Drawn samples, and the messages on those that were left out because ``on_error`` is ``skip``."""

    views: list[View]
    left_out: list[str]


def look_at(
    dataset: ImageDataset,
    ops: Sequence[Any],
    columns: Sequence[str],
    number: int,
    seed: int,
    polys_in_source: bool = False,
) -> Look:
    """Draw samples of a data set, as its pipeline makes them.

    Args:
        dataset: data set whose ``output_columns`` is None, so that its samples have all keys.
        ops: its pipeline, as in the configuration.
        columns: keys that training passes on, whose maps are drawn; empty = all keys.
        number: samples to draw. If the data set has fewer images, they are drawn again as in the next epochs.
        seed: of the choice of the samples.
        polys_in_source: polygons are in pixels of the source image, as in evaluation, not of the resized one.

    Raises:
        ConfigError: ``number`` is not in 1 to MOST_SAMPLES.
        DataError: a sample cannot be made, and ``on_error`` is ``raise``; or none can be made.
    """
    if not 1 <= number <= MOST_SAMPLES:
        raise ConfigError(f"--number: expected 1 to {MOST_SAMPLES} samples, got {number}")
    views: list[View] = []
    left_out: list[str] = []
    for epoch, index in _chosen(len(dataset), number, seed):
        try:
            sample = dataset.get(index, epoch)
        except DataError as error:
            if dataset.on_error != "skip":
                raise
            left_out.append(str(error))
            continue
        record = dataset.records[index]
        scale = _scale(sample) if polys_in_source else (1.0, 1.0)
        views.append(_view(sample, record, ops, columns, scale))
    if not views:
        raise DataError(f"none of {len(left_out)} samples can be drawn; the first: {left_out[0]}")
    return Look(views, left_out)


def _chosen(length: int, number: int, seed: int) -> Iterator[tuple[int, int]]:
    """Epoch and index of each sample, in the order of the data set."""
    rng = np.random.default_rng(seed)
    for epoch in range(-(-number // length)):
        count = min(length, number - epoch * length)
        yield from ((epoch, int(index)) for index in sorted(rng.permutation(length)[:count]))


def _view(
    sample: Mapping[str, Any], record: Record, ops: Sequence[Any], columns: Sequence[str], scale: tuple[float, float]
) -> View:
    if "image" not in sample:
        raise ConfigError("transform_pipeline: the samples have no image to draw; add DecodeImage")
    image = displayed(sample["image"], ops)
    size = image.shape[0], image.shape[1]
    polys, ignored = texts_of(sample, scale)
    maps = maps_of(sample, columns or list(sample), size)
    area = np.zeros(size, dtype=np.uint8)
    for poly, skipped in zip(polys, ignored):
        if not skipped:
            fill_polygon(area, poly, 1)
    return View(
        name=record.img_path.rpartition("/")[2],
        where=record.where,
        size=size,
        used=int((~ignored).sum()) if "polys" in sample else None,
        ignored=int(ignored.sum()),
        share=float(area.mean()),
        pictures=pictures_of(image, polys, ignored, maps),
    )


def _scale(sample: Mapping[str, Any]) -> tuple[float, float]:
    """(x, y) from pixels of the source image to those of the resized one."""
    if "shape_list" not in sample:
        return 1.0, 1.0
    return float(sample["shape_list"][3]), float(sample["shape_list"][2])
