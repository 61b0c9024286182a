"""Writes the report of recognition as one HTML file without external resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from mindocr.metrics.alignment import Step, confusions, differences, is_case_only
from mindocr.metrics.rec_metric import ACCURACIES, SCORES, RecMetric
from mindocr.report import charts
from mindocr.report.curves import Bin
from mindocr.report.page import NAME, save_page
from mindocr.report.payload import as_script, short_names
from mindocr.report.pictures import check_limit
from mindocr.report.recognition import groups, matrix
from mindocr.report.recognition.crops import Crops, cut
from mindocr.report.recognition.mistakes import KINDS, rows_of, tag_of, without_spaces
from mindocr.report.recognition.word import Word
from mindocr.utils.html import inline_script, render

PAIRS = 40  # confusions in the table
LISTED = 20_000  # wrong texts on the page, worst first
_TEMPLATE = Path(__file__).parents[1] / "templates" / "recognition.html.j2"
_CHARTS: dict[str, Callable[[Sequence[Word], str], list[Bin]]] = {
    "number of characters": groups.by_length,
    "script": groups.by_script,
    "signs": groups.by_signs,
    "height of the text, pixels": groups.by_height,
    "confidence": groups.by_confidence,
}


class Spaces(NamedTuple):
    """How the texts with spaces, or those without, were read.

    Attributes:
        name: which texts.
        shares: number of texts, and those that are right in several ways, with intervals.
        lost, added: spaces.
    """

    name: str
    shares: dict[str, Bin]
    lost: int
    added: int


def write_page(
    folder: Path, words: Sequence[Word], metric: RecMetric, facts: Mapping[str, Any], limit: int | None = None
) -> Path:
    """Write the page.

    Args:
        folder: folder of ``report.html``; created if it does not exist.
        words: every text that ``metric`` has evaluated.
        metric: the metric.
        facts: further entries of the summary.
        limit: largest number of words with pictures, worst first; None = as many as fit.

    Returns:
        Path of the page.

    Raises:
        UserError: the folder cannot be written, or the limit is below 0.
    """
    check_limit(limit)
    accuracy = metric.main_indicator if metric.main_indicator in ACCURACIES else "acc"
    tags = ["" if word.exact else tag_of(word) for word in words]
    wrong = worst_first(words)
    listed = wrong[:LISTED]
    crops = cut(words, listed, limit)
    pairs = confusions(words[i].steps for i in wrong)
    scores = metric.result()
    page = render(
        _TEMPLATE,
        accuracy=accuracy,
        scores=[(name, scores[name], *scores["interval"][name]) for name in SCORES],
        texts=len(words),
        wrong=len(wrong),
        facts=facts,
        notes=_notes(wrong, crops, scores["counts"]),
        rows=rows_of(words, tags, accuracy),
        kinds=KINDS,
        matrix=matrix.draw(matrix.matrix_of(pairs)),
        pairs=_pairs(pairs),
        spaces=_spaces(words),
        charts=_charts(words, accuracy),
        data=as_script(_records(words, listed, tags, crops, accuracy)),
        pictures=[(f"picture-{i}", Markup(uri)) for i, uri in crops.pictures.items()],
        script=inline_script(_TEMPLATE.with_name("recognition.js")),
    )
    return save_page(folder / NAME, page)


def worst_first(words: Sequence[Word]) -> list[int]:
    """Positions of the texts that were not read exactly: least similar first, then most confident."""
    wrong = [i for i, word in enumerate(words) if not word.exact]
    return sorted(wrong, key=lambda i: (words[i].similarity, -words[i].confidence, i))


def _pairs(pairs: Counter[Step]) -> list[dict[str, Any]]:
    """Rows of the table of confusions."""
    return [
        {"true": true, "read": read, "said": matrix.told((true, read)), "times": times,
         "case": is_case_only((true, read))}
        for (true, read), times in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:PAIRS]
    ]  # fmt: skip


def _charts(words: Sequence[Word], accuracy: str) -> dict[str, Markup]:
    """Charts with more than nothing in them, by title."""
    bins = {f"{accuracy} by {title}": group(words, accuracy) for title, group in _CHARTS.items()}
    return {title: charts.recall_chart(title, each, f"right, {accuracy}") for title, each in bins.items() if each}


def _spaces(words: Sequence[Word]) -> list[Spaces]:
    """Texts with spaces and those without, apart; empty if no text has a space."""
    sides = {"with spaces": [w for w in words if " " in w.truth], "without": [w for w in words if " " not in w.truth]}
    if not sides["with spaces"]:
        return []
    rows = []
    for name, own in sides.items():
        steps = [step for word in own if not word.exact for step in differences(word.steps)]
        shares = {
            "exact": groups.count("exact", own, lambda word: word.exact),
            "but for spaces": groups.count(
                "but for spaces", own, lambda word: without_spaces(word.truth) == without_spaces(word.found)
            ),
            "but for spaces and case": groups.count(
                "but for spaces and case", own,
                lambda word: without_spaces(word.truth).lower() == without_spaces(word.found).lower(),
            ),
        }  # fmt: skip
        lost, added = (sum(step[i] == " " for step in steps) for i in (0, 1))
        rows.append(Spaces(name, shares, lost, added))
    return rows


def _notes(wrong: Sequence[int], crops: Crops, counts: Mapping[str, Any]) -> list[str]:
    """Notes on what is not on the page, and on the dictionary."""
    notes = []
    if unknown := counts["characters_outside_dictionary"]:
        few = ", ".join(f"{matrix.name_of(character)} ({number})" for character, number in list(unknown.items())[:20])
        notes.append(
            f"{counts['texts_outside_dictionary']} texts have characters that the dictionary lacks: {few}"
            f"{' and others' if len(unknown) > 20 else ''}."
        )
    if len(wrong) > LISTED:
        notes.append(f"{LISTED} of {len(wrong)} wrong texts are listed, worst first.")
    if len(crops.pictures) < len(wrong):
        notes.append(f"{len(crops.pictures)} of {len(wrong)} wrong texts are shown with pictures, worst first.")
    if crops.unreadable:
        notes.append(f"{len(crops.unreadable)} images could not be read, such as {crops.unreadable[0]}")
    return notes


def _records(
    words: Sequence[Word], wrong: Sequence[int], tags: Sequence[str], crops: Crops, accuracy: str
) -> list[dict[str, Any]]:
    """A record for each wrong text, worst first.

    ``at`` is its position, ``steps`` the alignment: [text] for equal characters, [true, read] for others; ``right``
    whether it counts as right by the accuracy of the page.
    """
    names = short_names([words[i] for i in wrong])
    return [
        {
            "at": i,
            "image": name,
            "truth": words[i].truth,
            "found": words[i].found,
            "confidence": round(words[i].confidence, 4),
            "similarity": round(words[i].similarity, 4),
            "tag": tags[i],
            "right": words[i].result.right[accuracy],
            "steps": words[i].runs(),
            "picture": i in crops.pictures,
        }
        for i, name in zip(wrong, names)
    ]
