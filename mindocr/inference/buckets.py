"""Shape buckets: the few sizes that a network sees, so that few graphs are compiled for images of many sizes.

An image is put into the top left corner of a bucket that it fits into; the rest is padding. A graph compiler, as for
Ascend, compiles once for each bucket in place of once for each size of an image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from mindocr.environment import ascend_present
from mindocr.errors import ConfigError, UserError
from mindocr.images.headers import Size

MOST = 6  # buckets that are chosen at most
DIVISOR = 32  # sides are multiples of it, as the networks need
WIDTHS = (320, 512, 800, 1280, 2048, 3200)  # buckets of text lines: pixels, each 1.6 times the one before
_MOST_SIZES = 256  # different sizes that are compared; of more, neighbours are taken together
_FORM = re.compile(r"\s*(\d+)\s*[xX]\s*(\d+)\s*")


def choose_buckets(sizes: Iterable[Size], most: int = MOST, divisor: int = DIVISOR) -> list[Size]:
    """Choose buckets that hold all images and need little padding.

    Every size begins as a bucket of its own. Then the two buckets are merged, again and again, whose common bucket adds
    the fewest pixels over all images, until at most ``most`` are left. In the end every image moves to the smallest
    bucket that holds it, and every bucket shrinks to its images.

    Args:
        sizes: (h, w) of the images as the network would take them, in pixels; equal sizes count as often as they occur.
        most: largest number of buckets, from 1.
        divisor: sides of buckets are multiples of it.

    Returns:
        (h, w) of the buckets, smallest area first; empty without sizes.

    Raises:
        ValueError: a side below 1, or ``most`` below 1.
    """
    if most < 1:
        raise ValueError(f"most: expected 1 bucket or more, got {most}")
    given = np.array([tuple(size) for size in sizes], dtype=np.int64).reshape(-1, 2)
    if not len(given):
        return []
    if given.min() < 1:
        raise ValueError(f"sizes: expected sides from 1 pixel, got {given[given.min(axis=1) < 1][0].tolist()}")
    grid = divisor
    while True:
        corners, counts = np.unique(-(-given // grid) * grid, axis=0, return_counts=True)
        if len(corners) <= max(_MOST_SIZES, most):
            break
        grid += divisor
    return [(int(h), int(w)) for h, w in _settled(corners, _merged(corners, counts, most))]


def bucket_of(size: Size, buckets: Sequence[Size]) -> Size | None:
    """The smallest bucket that holds an image of (h, w) pixels; None if it fits into none."""
    fitting = [bucket for bucket in buckets if bucket[0] >= size[0] and bucket[1] >= size[1]]
    return min(fitting, key=lambda bucket: bucket[0] * bucket[1], default=None)


def reduced_size(size: Size, buckets: Sequence[Size]) -> tuple[Size, Size]:
    """For an image that fits into no bucket: the bucket in which it can stay largest, and its (h, w) there.

    The aspect ratio is kept, up to rounding.
    """
    h, w = size
    bucket = max(buckets, key=lambda bucket: (min(bucket[0] / h, bucket[1] / w), -bucket[0] * bucket[1]))
    scale = min(bucket[0] / h, bucket[1] / w)
    return bucket, (min(max(round(h * scale), 1), bucket[0]), min(max(round(w * scale), 1), bucket[1]))


def padding_share(sizes: Iterable[Size], buckets: Sequence[Size]) -> float:
    """Share of padding among all pixels that the network sees, in [0, 1)."""
    own = held = 0
    for size in sizes:
        bucket = bucket_of(size, buckets)
        kept = size
        if bucket is None:
            bucket, kept = reduced_size(size, buckets)
        own += kept[0] * kept[1]
        held += bucket[0] * bucket[1]
    return 1 - own / held if held else 0.0


def width_of(width: int, widths: Sequence[int] = WIDTHS) -> int:
    """The bucket of a text line: the smallest width that holds it, above the largest one a multiple of that."""
    return next((each for each in sorted(widths) if each >= width), -(-width // max(widths)) * max(widths))


def wanted_buckets(text: str | None) -> list[Size] | str | None:
    """The value of ``--buckets``; without one ``auto`` where there is an Ascend device, else None.

    On Ascend a graph is compiled for each new size, which takes minutes. On a CPU it takes seconds or, with
    onnxruntime, nothing, and padding would only cost time.

    Raises:
        UserError: see :func:`parse_buckets`.
    """
    return parse_buckets(text) if text is not None else ("auto" if ascend_present() else None)


def parse_buckets(text: str) -> list[Size] | str | None:
    """The value of ``--buckets``: ``auto``, ``off`` (None), or sizes such as ``736x1280,1280x736``, height first.

    Raises:
        UserError: another form, or a side that is no multiple of 32.
    """
    word = text.strip().lower()
    if word in ("auto", "off"):
        return "auto" if word == "auto" else None
    found: list[Size] = []
    for part in text.split(","):
        match = _FORM.fullmatch(part)
        if match is None:
            raise UserError(
                f"--buckets: expected auto, off, or sizes such as 736x1280,1280x736 (height x width), got '{text}'"
            )
        size = (int(match[1]), int(match[2]))
        if min(size) < 1 or size[0] % DIVISOR or size[1] % DIVISOR:
            nearest = "x".join(str(max(round(side / DIVISOR), 1) * DIVISOR) for side in size)
            raise UserError(
                f"--buckets: {part.strip()}: sides must be multiples of {DIVISOR}, from {DIVISOR}; nearest: {nearest}"
            )
        found.append(size)
    return sorted(set(found), key=lambda size: (size[0] * size[1], size))


def _merged(corners: np.ndarray, counts: np.ndarray, most: int) -> np.ndarray:
    """Merge buckets (K, 2) of ``counts`` images each until ``most`` are left."""
    buckets, images = corners.copy(), counts.copy()
    while len(buckets) > most:
        common = np.maximum(buckets[:, None], buckets[None])  # (K, K, 2)
        added = common.prod(axis=2) * (images[:, None] + images[None])
        own = buckets.prod(axis=1) * images
        added = (added - own[:, None] - own[None]).astype(np.float64)
        np.fill_diagonal(added, np.inf)
        i, j = np.unravel_index(int(added.argmin()), added.shape)
        buckets[i], images[i] = common[i, j], images[i] + images[j]
        buckets, images = np.delete(buckets, j, axis=0), np.delete(images, j)
    return buckets


def _settled(corners: np.ndarray, buckets: np.ndarray) -> np.ndarray:
    """Move images to the smallest bucket that holds them and shrink the buckets to their images, until nothing changes.

    Returns:
        (K, 2), smallest area first, of equal ones the lowest first.
    """
    while True:
        areas = buckets.prod(axis=1)
        order = np.lexsort((buckets[:, 0], areas))
        buckets, areas = buckets[order], areas[order]
        holds = (buckets[None] >= corners[:, None]).all(axis=2)  # (sizes, buckets)
        own = holds.argmax(axis=1)  # the first that holds a size is the smallest
        shrunk = np.array([corners[own == number].max(axis=0) for number in np.unique(own)]).reshape(-1, 2)
        if np.array_equal(shrunk, buckets):
            return buckets
        buckets = shrunk


def refuse_sizes(buckets: Sequence[Size] | str | None) -> None:
    """Check that a network that looks at images in tiles, scales or mirrored views is given no sizes of buckets.

    Raises:
        ConfigError: sizes are given. ``auto`` stands for no buckets there, as such views are of few sizes.
    """
    if buckets not in (None, "auto"):
        raise ConfigError("buckets: not with tiles, scales or mirrored views, which have sizes of their own")
