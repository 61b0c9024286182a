"""Search for identical and similar images within a part of a data set and between its parts."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mindocr.inspection.images import ImageFacts
from mindocr.inspection.kinds import Problem
from mindocr.inspection.labels import Line

MOST_BITS = 6  # of 64 that may differ; up to 7, at least one of the eight bytes is equal
LEAST_LIKENESS = 0.9  # correlation of the thumbnails

_BITS_OF = np.array([bin(value).count("1") for value in range(256)], dtype=np.uint8)


def find_duplicates(lines: Sequence[Line], facts: Sequence[ImageFacts]) -> Iterator[Problem]:
    """Problems of the kinds ``same_image`` and ``similar_image``, within a part and between training and test.

    Each image of a group except the first yields one problem, which names the first image of the group in the same
    part. Each test image that is also in training yields one more. Lines with the same path are not compared, as they
    are one image.
    """
    chosen: dict[tuple[str, str], int] = {}
    for i, (line, fact) in enumerate(zip(lines, facts)):
        if fact.usable:
            chosen.setdefault((line.part, os.path.normpath(line.img_path)), i)
    exact: dict[str, list[int]] = defaultdict(list)
    for i in chosen.values():
        exact[facts[i].digest].append(i)
    groups = list(exact.values())
    for group in groups:
        yield from _problems(group, lines, "same_image", "the same bytes as")
    alike = similar_groups([facts[group[0]] for group in groups])
    for numbers in alike:
        copies = {i: groups[n][0] for n in numbers for i in groups[n]}
        yield from _problems(sorted(copies), lines, "similar_image", "looks like", copies)


def similar_groups(facts: Sequence[ImageFacts]) -> list[list[int]]:
    """Groups of two or more images that look alike, each as indices in ascending order.

    Two images look alike when at most MOST_BITS bits of their hashes differ and their thumbnails correlate; a group
    contains all images that are connected by such pairs.
    """
    hashed = [i for i, fact in enumerate(facts) if fact.look is not None]
    if len(hashed) < 2:
        return []
    looks = np.array([facts[i].look for i in hashed], dtype=">u8").view(np.uint8).reshape(-1, 8)
    thumbs = np.array([np.frombuffer(facts[i].thumb, dtype=np.uint8) for i in hashed])
    parent = list(range(len(hashed)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for first, second in _near_pairs(looks):
        like = _correlation(thumbs[first], thumbs[second]) >= LEAST_LIKENESS
        for i, j in zip(first[like].tolist(), second[like].tolist()):
            parent[max(root(i), root(j))] = min(root(i), root(j))
    found: dict[int, list[int]] = defaultdict(list)
    for i in range(len(hashed)):
        found[root(i)].append(hashed[i])
    return [group for group in found.values() if len(group) > 1]


def _near_pairs(looks: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of rows of (N, 8) bytes with at most MOST_BITS different bits, as arrays of row indices."""
    for byte in range(8):
        order = np.argsort(looks[:, byte], kind="stable")
        starts = np.flatnonzero(np.diff(looks[order, byte], prepend=-1))
        for bucket in np.split(order, starts[1:]):
            for place, i in enumerate(bucket[:-1]):
                others = bucket[place + 1 :]
                near = others[_BITS_OF[looks[others] ^ looks[i]].sum(axis=1) <= MOST_BITS]
                if len(near):
                    yield np.full(len(near), i), near


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(P,) correlation of the rows of two (P, K) uint8 arrays."""
    x, y = (rows.astype(np.float32) - rows.mean(axis=1, keepdims=True) for rows in (a, b))
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    return (x * y).sum(axis=1) / np.maximum(scale, 1e-9)


def _problems(
    group: Sequence[int], lines: Sequence[Line], kind: str, words: str, copies: Mapping[int, int] | None = None
) -> Iterator[Problem]:
    """``copies`` maps an image to the first one with the same bytes; such pairs are already reported."""
    first: dict[str, int] = {}
    for i in group:
        part = lines[i].part
        for other, suffix in ((first.get(part), ""), (first.get("train") if part == "test" else None, "_in_test")):
            if other is not None and (copies is None or copies[i] != copies[other]):
                yield Problem(kind + suffix, i, 0, f"{words} {lines[other].where} {lines[other].name}", other=other)
        first.setdefault(part, i)
