"""Writes the report as one HTML file without external resources, so that it can be opened and sent anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from markupsafe import Markup

from mindocr.errors import UserError
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.score import LEVEL, RESAMPLES, bootstrap
from mindocr.report import charts, curves
from mindocr.report.advice import advise
from mindocr.report.diagnosis import TAGS, Diagnosis, diagnose
from mindocr.report.evidence import Evidence
from mindocr.report.judged_image import JudgedImage
from mindocr.report.payload import as_script, records, short_names, sweep_record, worst_first
from mindocr.report.pictures import BUDGET, Album, check_limit, gather
from mindocr.report.remedies import remedies
from mindocr.report.setup import Setup
from mindocr.report.sweep import Point, Sweep, sweep
from mindocr.utils import files
from mindocr.utils.html import inline_script, render

NAME = "report.html"
PAGE_BYTES = 60_000_000  # largest size of the page
REST_BYTES = 1_000_000  # of that for everything but pictures and records
_TEMPLATE = Path(__file__).with_name("templates") / "report.html.j2"
_SETTING = "postprocess.box_thresh"  # what the threshold on the score is called in a configuration
_SCORES = ("f-score", "recall", "precision")
_DIGITS = 12  # of a hash, enough to distinguish two


def write_page(
    folder: Path,
    cases: Sequence[JudgedImage],
    metric: DetMetric,
    facts: Mapping[str, Any],
    limit: int | None = None,
    setup: Setup | None = None,
) -> Path:
    """Diagnose the images and write the page.

    Args:
        folder: folder of ``report.html``; created if it does not exist.
        cases: every image, in the order in which ``metric`` has evaluated them.
        metric: the metric that has evaluated them.
        facts: further entries of the summary, such as thresholds and the hash of the configuration.
        limit: largest number of images with pictures, worst first; None = as many as fit on the page.
        setup: the run that found the detections, for the threshold and the remedies.

    Returns:
        Path of the page.

    Raises:
        UserError: the folder cannot be written, or the limit is below 0.
    """
    check_limit(limit)
    setup = setup or Setup()
    diagnoses = diagnose(cases, metric.protocol)
    swept = sweep(cases, metric.protocol, setup.threshold)
    data = records(cases, diagnoses, swept)
    room = PAGE_BYTES - REST_BYTES - len(as_script(data).encode("utf-8", errors="backslashreplace"))
    album = gather(cases, worst_first(cases), limit, max(min(room, BUDGET), 0))
    for i, record in enumerate(data):
        record["pics"] = sorted(album.pictures.get(i, ()))
    page = render(_TEMPLATE, data=as_script(data), **_values(cases, diagnoses, swept, album, metric, facts, setup))
    return save_page(folder / NAME, page)


def save_page(path: Path, page: str) -> Path:
    """Write a page; the folder is created if it does not exist.

    Raises:
        UserError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(path, page.encode("utf-8", errors="backslashreplace").decode("utf-8"))  # names of files
    except OSError as error:
        raise UserError(
            f"--report: cannot write to '{path.parent}' ({error.strerror}); choose another folder or fix its "
            "permissions"
        ) from None
    return path


def data_hash(cases: Sequence[JudgedImage]) -> str:
    """Hash of the ground truth: names of the images, polygons rounded to 0.01 pixel, ignore flags."""
    lines = []
    for name, case in zip(short_names(cases), cases):
        outlines = [np.round(np.asarray(poly, dtype=np.float64), 2).tolist() for poly in case.truth]
        lines.append(json.dumps([PurePath(name).stem, outlines, np.asarray(case.ignore, bool).tolist()]))
    return shorten(files.hash_bytes("".join(lines).encode()))


def shorten(digest: str) -> str:
    """The first digits of a hash."""
    return digest[:_DIGITS]


def _values(
    cases: Sequence[JudgedImage],
    diagnoses: Sequence[Diagnosis],
    swept: Sweep | None,
    album: Album,
    metric: DetMetric,
    facts: Mapping[str, Any],
    setup: Setup,
) -> dict[str, Any]:
    result, interval = metric.result(), bootstrap(metric.images, metric.protocol, seed=0)
    bins = {
        "Recall by text height": curves.recall_by_height(cases),
        "Recall by aspect (length : height)": curves.recall_by_aspect(cases),
        "Recall by angle to the horizontal": curves.recall_by_angle(cases),
    }
    rows = remedies(diagnoses, metric.counts, metric.protocol, cases)
    now = Point(setup.threshold or 0.0, result["recall"], result["precision"], result["f-score"])
    return {
        "protocol": metric.protocol_name,
        "scores": [(name, result[name], *interval[name.replace("-", "_")]) for name in _SCORES],
        "interval": f"{LEVEL:.0%} interval over images, {RESAMPLES} resamples",
        "counts": result["counts"],
        "facts": {**facts, "data hash": data_hash(cases)},
        "remedies": [(row, advise(Evidence(row.tag, cases, diagnoses, now, swept, setup))) for row in rows],
        "tags": TAGS,
        "shared": any(row.shared for row in rows),
        "curve": charts.curve_chart(swept.points, (result["recall"], result["precision"])) if swept else "",
        "threshold": _threshold(swept, setup) if swept else None,
        "no_threshold": "the detections have no scores" if any(map(_lacks_scores, cases)) else "no detection",
        "charts": {title: charts.recall_chart(title, each) for title, each in bins.items()},
        "notes": _notes(cases, album),
        "sweep": as_script(sweep_record(swept) if swept else None),
        "pictures": [
            (f"{name}-{i}", Markup(uri)) for i, entry in album.pictures.items() for name, uri in entry.items()
        ],
        "script": inline_script(_TEMPLATE.with_name("report.js")),
    }  # fmt: skip


def _lacks_scores(case: JudgedImage) -> bool:
    return case.scores is None and len(case.found) > 0


def _threshold(swept: Sweep, setup: Setup) -> dict[str, Any]:
    """What the page says about the slider."""
    return {
        "now": swept.now,
        "last": len(swept.points) - 1,
        "value": swept.points[swept.now].threshold,
        "best": max(swept.points, key=lambda point: point.f_score),
        "all": swept.all_scores,
        "setting": "" if setup.threshold is None else _SETTING,
    }


def _notes(cases: Sequence[JudgedImage], album: Album) -> list[str]:
    """Notes on what is not on the page, and why."""
    notes = []
    if album.left_out:
        notes.append(
            f"{len(album.pictures)} of {len(cases)} images are shown with pictures, worst first: the page is limited "
            "to 60 MB, or to --report_images."
        )
    if album.unreadable:
        notes.append(f"{len(album.unreadable)} images could not be read, such as {album.unreadable[0]}")
    if not any(case.picture for case in cases):
        notes.append("No images: set --image_dir to their folder to see the polygons on them.")
    if not any(case.maps for case in cases):
        notes.append(
            "No probability and threshold maps: results files do not contain them; 'mindocr eval --report' shows them."
        )
    elif not any("threshold" in case.maps for case in cases):
        notes.append("No threshold map: the head of this network does not compute one.")
    if any(case.scores is None for case in cases):
        notes.append(
            "Some or all detections have no scores, so there is no threshold to move, no precision-recall curve and no "
            "tag that depends on scores."
        )
    return notes
