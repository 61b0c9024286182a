"""``mindocr compare`` for evaluations of recognisers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindocr.report.compare_runs import found_in, read_facts
from mindocr.report.recognition.compare import ReadTexts, TextComparison, dictionary_note
from mindocr.report.recognition.read_evaluation import read_words
from mindocr.utils.printable import printable
from mindocr.utils.wording import count

LISTED = 20  # texts that are printed


def read(name: str, folder: Path, settings: Mapping[str, Any], image_dir: Path | None = None) -> ReadTexts:
    """One of the two evaluations.

    Args:
        name: what the user calls it.
        folder: its files.
        settings: its configuration; empty if there is none.
        image_dir: folder of the images, for the page; None = where they were evaluated.

    Raises:
        DataError: it cannot be read.
    """
    words = read_words(folder)
    return ReadTexts(
        name, found_in(image_dir, words) if image_dir else words, settings, {**read_facts(folder), "folder": folder}
    )


def rows(comparison: TextComparison) -> list[str]:
    """What was compared, and the texts that became right or wrong."""
    first, second = comparison.first.words, comparison.second.words
    gained, lost = comparison.gained(), comparison.lost()
    listed = sorted([*((i, "+") for i in gained), *((i, "-") for i in lost)])
    better, worse = count(len(gained), "text"), len(lost)
    said = [
        f"{count(len(first), 'text')} of {count(comparison.images, 'image')}",
        f"{better} right only in the second, {worse} only in the first, by {comparison.accuracy}",
    ]
    said += [
        f"  {sign} {first[i].truth!r}: {first[i].found!r} -> {second[i].found!r}  {printable(first[i].image)}"
        for i, sign in listed[:LISTED]
    ]
    said += [f"  and {len(listed) - LISTED} more"] if len(listed) > LISTED else []
    return said + ([f"note: {dictionary_note()}"] if comparison.dictionaries_differ else [])


def details(comparison: TextComparison) -> dict[str, Any]:
    """Members of the JSON file: numbers, and every text that the two read differently."""
    first, second = comparison.first.words, comparison.second.words
    kinds = {
        "second": comparison.gained(),
        "first": comparison.lost(),
        "both or neither": comparison.otherwise_changed(),
    }
    where = sorted((i, right) for right, own in kinds.items() for i in own)
    return {
        "texts": len(first),
        "images": comparison.images,
        "accuracy": comparison.accuracy,
        "changed": [
            {"image": first[i].image, "text": first[i].truth, "first": first[i].found, "second": second[i].found,
             "right": right}
            for i, right in where
        ],
    }  # fmt: skip


def write_page(folder: Path, comparison: TextComparison, limit: int | None) -> Path:
    """Write ``compare.html``."""
    from mindocr.report.recognition.compare_page import write_text_comparison

    return write_text_comparison(folder, comparison, limit)
