"""The page of a comparison: scores side by side, and both detections on each image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from mindocr.metrics.score import LEVEL, RESAMPLES
from mindocr.report.compare import DetectionComparison
from mindocr.report.page import save_page
from mindocr.report.payload import as_script, short_names
from mindocr.report.pictures import check_limit, gather
from mindocr.utils.html import inline_script, render

NAME = "compare.html"
_TEMPLATE = Path(__file__).with_name("templates") / "compare.html.j2"


def write_comparison(folder: Path, comparison: DetectionComparison, limit: int | None = None) -> Path:
    """Write ``compare.html``.

    Args:
        folder: folder of the page; created if it does not exist.
        comparison: what to show.
        limit: largest number of images with pictures, largest change first; None = as many as fit on the page.

    Returns:
        Path of the page.

    Raises:
        UserError: the folder cannot be written, or the limit is below 0.
    """
    check_limit(limit)
    changes = comparison.changes()
    order = sorted(range(len(changes)), key=lambda i: (-abs(changes[i]), i))
    album = gather(comparison.first.cases, order, limit)
    notes = []
    if album.left_out:
        notes.append(f"{len(album.pictures)} of {len(changes)} images are shown with pictures, largest change first.")
    if album.unreadable:
        notes.append(f"{len(album.unreadable)} images could not be read, such as {album.unreadable[0]}")
    if not any(case.picture for case in comparison.first.cases):
        notes.append("No images: set --image_dir to their folder to see the polygons on them.")
    page = render(
        _TEMPLATE,
        comparison=comparison,
        facts={"protocol": comparison.first.protocol_name, "images": f"{len(changes)} in both"},
        interval=f"{LEVEL:.0%} interval, {RESAMPLES} resamples of the images, the same for both",
        notes=notes,
        better=sum(change > 0 for change in changes),
        worse=sum(change < 0 for change in changes),
        data=as_script(_records(comparison, album.pictures)),
        pictures=[
            (f"picture-{i}", Markup(entry["picture"])) for i, entry in album.pictures.items() if "picture" in entry
        ],
        script=inline_script(_TEMPLATE.with_name("compare.js")),
    )
    return save_page(folder / NAME, page)


def _records(comparison: DetectionComparison, pictures: Any) -> list[dict[str, Any]]:
    """For each image: name, size [w, h], and of both sides the f-score and the polygons with their states."""
    sides = comparison.first.cases, comparison.second.cases
    return [
        {
            "name": name,
            "size": [a.size[1], a.size[0]],
            "picture": "picture" in pictures.get(i, ()),
            "f": [round(case.result.f_score, 4) for case in (a, b)],
            "misses": [len(case.misses) for case in (a, b)],
            "alarms": [len(case.alarms) for case in (a, b)],
            "truth": [_flat(poly) for poly in a.truth],
            "states": [_states(len(case.truth), case.misses, case.result.gt_dontcare) for case in (a, b)],
            "found": [
                {"at": [_flat(poly) for poly in case.found],
                 "states": _states(len(case.found), case.alarms, case.result.det_dontcare)}
                for case in (a, b)
            ],
        }
        for i, (name, a, b) in enumerate(zip(short_names(comparison.first.cases), *sides))
    ]  # fmt: skip


def _states(number: int, wrong: Sequence[int], aside: Sequence[int]) -> str:
    """One letter for each polygon: h(it), w(rong), a(side)."""
    return "".join("a" if i in set(aside) else "w" if i in set(wrong) else "h" for i in range(number))


def _flat(poly: Any) -> list[float]:
    return [round(float(value), 1) for point in poly for value in point]
