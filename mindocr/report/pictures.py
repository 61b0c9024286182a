"""Chooses the pictures on the page and their quality, so that the page stays below its size limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mindocr.errors import ConfigError, DataError
from mindocr.images.read import read_image
from mindocr.report.judged_image import JudgedImage
from mindocr.utils.html import picture_uri
from mindocr.utils.progress import progress

BUDGET = 56_000_000  # bytes of all encoded pictures on the page, which stays below 60 MB
SAMPLES = 10  # images that are encoded to choose the quality
SAFETY = 0.93  # share of the budget that is planned: the samples may be smaller than the other images


class Quality(NamedTuple):
    """Longest side in pixels, and JPEG quality in [0, 100]."""

    longest: int
    jpeg: int


QUALITIES = (
    Quality(1280, 85), Quality(1280, 75), Quality(1120, 70), Quality(960, 66), Quality(800, 62), Quality(640, 58),
    Quality(480, 52),
)  # fmt: skip


class Album(NamedTuple):
    """Pictures for the page.

    Attributes:
        pictures: by position of the image: ``data:`` URLs by name, ``picture`` for the image and the names of the maps.
        quality: quality of the images, None if there are none.
        left_out: number of images whose image or maps are left out because of a limit.
        unreadable: a message for each image that could not be read.
    """

    pictures: dict[int, dict[str, str]]
    quality: Quality | None
    left_out: int
    unreadable: list[str]


def gather(cases: Sequence[JudgedImage], order: Sequence[int], limit: int | None = None, budget: int = BUDGET) -> Album:
    """Encode pictures in ``order`` until ``limit`` images or ``budget`` bytes are reached.

    Args:
        cases: the images.
        order: their positions, most interesting first.
        limit: largest number of images with pictures; None = limited only by the budget.
        budget: bytes of all ``data:`` URLs together.
    """
    wanted = [i for i in order if cases[i].picture or cases[i].maps]
    chosen = wanted if limit is None else wanted[:limit]
    maps = sum(len(uri) for i in chosen for uri in cases[i].maps.values())
    files = {i: file for i in chosen if (file := cases[i].picture)}
    quality = choose_quality(list(files.values()), int(budget * SAFETY) - maps)
    pictures: dict[int, dict[str, str]] = {}
    unreadable: list[str] = []
    room = budget
    for i in progress(chosen, "report", "image"):
        entry = dict(cases[i].maps)
        try:
            if quality and i in files:
                entry = {"picture": picture_uri(read_image(files[i]), *quality), **entry}
        except DataError as error:
            unreadable.append(str(error))
        room -= sum(map(len, entry.values()))
        if room < 0:
            break
        pictures[i] = entry
    return Album(pictures, quality, len(wanted) - len(pictures), unreadable)


def check_limit(limit: int | None) -> None:
    """Check a number of images.

    Raises:
        ConfigError: it is below 0.
    """
    if limit is not None and limit < 0:
        raise ConfigError(f"--report_images: expected 0 or more, got {limit}")


def choose_quality(files: Sequence[Path], room: int) -> Quality | None:
    """The best quality at which all images fit into ``room`` bytes, estimated from a few; the lowest if none fits."""
    images = []
    for file in files[:: max(len(files) // SAMPLES, 1)]:
        try:
            images.append(read_image(file))
        except DataError:  # reported when the image is encoded
            continue
    if not images:
        return QUALITIES[-1] if files else None
    for quality in QUALITIES:
        mean = sum(len(picture_uri(image, *quality)) for image in images) / len(images)
        if mean * len(files) <= room:
            break
    return quality
