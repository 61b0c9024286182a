"""The page of two compared evaluations of recognisers: scores side by side, and what both read in each changed text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mindocr.metrics.score import LEVEL, RESAMPLES
from mindocr.report.compare_page import NAME
from mindocr.report.page import save_page
from mindocr.report.payload import short_names
from mindocr.report.pictures import check_limit
from mindocr.report.recognition.compare import TextComparison, dictionary_note
from mindocr.report.recognition.crops import cut
from mindocr.report.recognition.word import Word
from mindocr.utils.html import render
from mindocr.utils.wording import count

LISTED = 1000  # texts in a section
_TEMPLATE = Path(__file__).parents[1] / "templates" / "compare_texts.html.j2"


class Card(NamedTuple):
    """A text on the page: a short name of its image, its crop as a ``data:`` URL if there is one, and both readings."""

    image: str
    picture: str | None
    first: Word
    second: Word


class Section(NamedTuple):
    """Texts that changed in the same way: the title, how many there are, and those that are listed."""

    title: str
    texts: int
    cards: Sequence[Card]


def write_text_comparison(folder: Path, comparison: TextComparison, limit: int | None = None) -> Path:
    """Write ``compare.html``.

    Args:
        folder: folder of the page; created if it does not exist.
        comparison: what to show.
        limit: largest number of texts with pictures, the largest change first; None = as many as fit on the page.

    Returns:
        Path of the page.

    Raises:
        UserError: the folder cannot be written, or the limit is below 0.
    """
    check_limit(limit)
    first, second = comparison.first.words, comparison.second.words
    by_title = {
        "Right only in the second": comparison.gained(),
        "Right only in the first": comparison.lost(),
        "Otherwise changed": comparison.otherwise_changed(),
    }
    listed = {
        title: sorted(own, key=lambda i: (-abs(second[i].similarity - first[i].similarity), i))[:LISTED]
        for title, own in by_title.items()
    }
    order = [i for own in listed.values() for i in own]
    crops = cut(second, order, limit)
    names = dict(zip(order, short_names([second[i] for i in order])))
    sections = [
        Section(title, len(own), [Card(names[i], crops.pictures.get(i), first[i], second[i]) for i in listed[title]])
        for title, own in by_title.items()
    ]
    page = render(
        _TEMPLATE,
        comparison=comparison,
        facts={"texts": f"{len(first)} of {count(comparison.images, 'image')} in both"},
        interval=f"{LEVEL:.0%} interval, {RESAMPLES} resamples of the images, the same for both",
        notes=_notes(comparison, sections, len(crops.pictures), len(order), crops.unreadable),
        sections=sections,
    )
    return save_page(folder / NAME, page)


def _notes(
    comparison: TextComparison, sections: Sequence[Section], shown: int, wanted: int, unreadable: Sequence[str]
) -> list[str]:
    notes = [dictionary_note()] if comparison.dictionaries_differ else []
    notes += [
        f"{section.title}: {len(section.cards)} of {section.texts} texts are listed, largest change first."
        for section in sections
        if len(section.cards) < section.texts
    ]
    if unreadable:
        notes.append(f"{len(unreadable)} images could not be read, such as {unreadable[0]}")
    elif shown < wanted:
        notes.append(f"{shown} of {wanted} texts are shown with pictures.")
    return notes
