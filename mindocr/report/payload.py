"""The data for the script of the page: one compact record for each image."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Protocol

import numpy as np
from markupsafe import Markup

from mindocr.geometry import Polygon
from mindocr.metrics.matching import f_score
from mindocr.report.diagnosis import Diagnosis, Finding
from mindocr.report.judged_image import JudgedImage
from mindocr.report.sweep import GONE, ImageSweep, Runs, Sweep


class HasImage(Protocol):
    """Anything that belongs to an image file."""

    @property
    def image(self) -> str: ...


def short_names(cases: Sequence[HasImage]) -> list[str]:
    """Names of the images without the folders that they have in common."""
    names = [case.image.replace("\\", "/") for case in cases]
    folders = {str(PurePath(name).parent) for name in names}
    shared = os.path.commonpath(folders) if folders and len({PurePath(f).is_absolute() for f in folders}) == 1 else ""
    return [str(PurePath(name).relative_to(shared)) if shared else name for name in names]


def worst_first(cases: Sequence[JudgedImage]) -> list[int]:
    """Positions of the images, lowest f-score first; among equal f-scores, most errors first."""
    mistakes = [len(case.misses) + len(case.alarms) for case in cases]
    return sorted(range(len(cases)), key=lambda i: (cases[i].result.f_score, -mistakes[i], i))


def records(
    cases: Sequence[JudgedImage],
    diagnoses: Sequence[Diagnosis],
    sweep: Sweep | None = None,
) -> list[dict[str, Any]]:
    """Records in the order of ``cases``; polygons are lists x, y, x, y, ... in pixels of the source image.

    Each record has ``name``, ``size`` [w, h], f-score ``f``, recall ``r`` and precision ``p`` of the image, the names
    of its pictures ``pics`` (none yet), and its polygons: ``truth`` and ``found``, each with ``at`` (the points),
    ``state``, and ``tag``, ``why``, ``score`` if they apply (matches of several texts or detections have a tag, too);
    ``weak``, detections below the threshold, with ``at`` and ``score``. ``file`` is the name of the image file if
    ``name`` has no ending.

    With ``sweep``, polygons whose state changes with the threshold have ``runs``: position of a threshold, state from
    there on, and so on. ``steps`` has the results of the image in the same way: position, f-score, recall, precision,
    numbers of matched texts, missed texts, false positives.
    """
    rows = []
    for i, (case, name, diagnosis) in enumerate(zip(cases, short_names(cases), diagnoses)):
        own = sweep.images[i] if sweep else None
        rows.append(
            {
                "name": name,
                "size": [case.size[1], case.size[0]],
                "f": round(case.result.f_score, 4),
                "r": round(case.result.recall, 4),
                "p": round(case.result.precision, 4),
                "pics": [],
                "truth": _truth(case, diagnosis, own),
                "found": _found(case, diagnosis, own),
                "weak": _weak(case, own),
                **({"steps": _steps(own)} if own else {}),
                **_file(case, name),
            }
        )
    return rows


def sweep_record(sweep: Sweep) -> dict[str, list[Any]]:
    """Numbers of all images at each threshold: ``at`` (the thresholds), ``f``, ``r``, ``p``, ``counts``."""
    return {
        "at": [point.threshold for point in sweep.points],
        "f": [round(point.f_score, 6) for point in sweep.points],
        "r": [round(point.recall, 6) for point in sweep.points],
        "p": [round(point.precision, 6) for point in sweep.points],
        "counts": [list(totals) for totals in sweep.totals],
    }


def as_script(value: Any) -> Markup:
    """JSON that is safe inside a script element, whatever texts it contains."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _truth(case: JudgedImage, diagnosis: Diagnosis, own: ImageSweep | None) -> list[dict[str, Any]]:
    aside, misses = set(case.result.gt_dontcare), diagnosis.misses
    return [
        {
            "at": _flat(poly),
            "state": "aside" if i in aside else "miss" if i in misses else "hit",
            **_runs(own.truth[i] if own else []),
            **_tag_of(misses.get(i, diagnosis.shared_texts.get(i))),
        }
        for i, poly in enumerate(case.truth)
    ]


def _found(case: JudgedImage, diagnosis: Diagnosis, own: ImageSweep | None) -> list[dict[str, Any]]:
    aside, alarms = set(case.result.det_dontcare), diagnosis.alarms
    return [
        {
            "at": _flat(poly),
            "state": "aside" if i in aside else "alarm" if i in alarms else "hit",
            **({} if case.scores is None else {"score": round(float(case.scores[i]), 4)}),
            **_runs(own.found[i] if own else []),
            **_tag_of(alarms.get(i, diagnosis.shared_found.get(i))),
        }
        for i, poly in enumerate(case.found)
    ]


def _weak(case: JudgedImage, own: ImageSweep | None) -> list[dict[str, Any]]:
    if own is None:
        return []
    side, first = case.everything(), len(case.found)
    return [
        {"at": _flat(side.polys[place]), "score": round(float(side.scores[place]), 4), **_runs(runs)}
        for place, runs in zip(side.places[first:].tolist(), own.found[first:])
        if runs != [(0, GONE)]  # below the lowest threshold
    ]


def _runs(runs: Runs) -> dict[str, list[int]]:
    return {"runs": [number for run in runs for number in run]} if len(runs) > 1 else {}


def _steps(own: ImageSweep) -> list[float]:
    return [
        number
        for row in own.results
        for number in (
            row.step,
            round(float(f_score(row.recall, row.precision)), 4),
            round(row.recall, 4),
            round(row.precision, 4),
            *row.totals,
        )
    ]


def _file(case: JudgedImage, name: str) -> dict[str, str]:
    """The name with the ending of the image file: results of benchmarks name images without one."""
    if case.picture is None or PurePath(name).name != case.picture.stem:
        return {}
    return {"file": str(PurePath(name).with_name(case.picture.name))}


def _tag_of(finding: Finding | None) -> dict[str, str]:
    return {} if finding is None else {"tag": finding.tag, "why": finding.why}


def _flat(poly: Polygon) -> list[float]:
    return [int(v) if v == int(v) else v for v in np.round(np.asarray(poly, dtype=np.float64), 1).reshape(-1).tolist()]
