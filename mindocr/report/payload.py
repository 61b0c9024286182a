"""The data for the script of the page: one compact record for each image."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from markupsafe import Markup

from mindocr.geometry import Polygon
from mindocr.report.diagnosis import Diagnosis, Finding
from mindocr.report.judged_image import JudgedImage

SHOWN_WEAK = 60  # largest number of candidates below the threshold that are drawn, highest scores first


def short_names(cases: Sequence[JudgedImage]) -> list[str]:
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
    cases: Sequence[JudgedImage], diagnoses: Sequence[Diagnosis], pictures: Mapping[int, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Records in the order of ``cases``; polygons are lists x, y, x, y, ... in pixels of the source image.

    Each record has ``name``, ``size`` [w, h], f-score ``f``, recall ``r`` and precision ``p`` of the image, the names
    of its pictures ``pics``, and its polygons: ``truth`` and ``found``, each with ``at`` (the points), ``state``, and
    ``tag``, ``why``, ``score`` if they apply; ``weak`` with ``at`` and ``score``.
    """
    return [
        {
            "name": name,
            "size": [case.size[1], case.size[0]],
            "f": round(case.result.f_score, 4),
            "r": round(case.result.recall, 4),
            "p": round(case.result.precision, 4),
            "pics": sorted(pictures.get(i, ())),
            "truth": _truth(case, diagnosis.misses),
            "found": _found(case, diagnosis.alarms),
            "weak": _weak(case),
        }
        for i, (case, name, diagnosis) in enumerate(zip(cases, short_names(cases), diagnoses))
    ]


def as_script(value: Any) -> Markup:
    """JSON that is safe inside a script element, whatever texts it contains."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _truth(case: JudgedImage, misses: Mapping[int, Finding]) -> list[dict[str, Any]]:
    aside = set(case.result.gt_dontcare)
    return [
        {
            "at": _flat(poly),
            "state": "aside" if i in aside else "miss" if i in misses else "hit",
            **_tag_of(misses.get(i)),
        }
        for i, poly in enumerate(case.truth)
    ]


def _found(case: JudgedImage, alarms: Mapping[int, Finding]) -> list[dict[str, Any]]:
    aside = set(case.result.det_dontcare)
    return [
        {
            "at": _flat(poly),
            "state": "aside" if i in aside else "alarm" if i in alarms else "hit",
            **({} if case.scores is None else {"score": round(float(case.scores[i]), 3)}),
            **_tag_of(alarms.get(i)),
        }
        for i, poly in enumerate(case.found)
    ]


def _weak(case: JudgedImage) -> list[dict[str, Any]]:
    polys, scores = case.weak()
    best = sorted(range(len(polys)), key=lambda i: -scores[i])[:SHOWN_WEAK]
    return [{"at": _flat(polys[i]), "score": round(float(scores[i]), 3)} for i in best]


def _tag_of(finding: Finding | None) -> dict[str, str]:
    return {} if finding is None else {"tag": finding.tag, "why": finding.why}


def _flat(poly: Polygon) -> list[float]:
    return [int(v) if v == int(v) else v for v in np.round(np.asarray(poly, dtype=np.float64), 1).reshape(-1).tolist()]
