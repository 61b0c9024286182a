"""A larger image for the network, chosen so that small missed texts become large enough to be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mindocr.report.diagnosis import SMALLEST
from mindocr.report.evidence import Evidence

SHARE = 80  # percent of the texts that should become large enough
LEAST, MOST = 1.25, 2.0  # factor on the sides of the network's image
_OP, _PIPELINE = "DetResize", "eval.dataset.transform_pipeline"


def larger_input(evidence: Evidence) -> tuple[str, tuple[str, ...]] | None:
    """What a larger input would change, and the overrides that set it; None if the configuration is not known.

    The factor makes :data:`SHARE` % of the missed texts at least :data:`~mindocr.report.diagnosis.SMALLEST` pixels
    high, within [:data:`LEAST`, :data:`MOST`].
    """
    sides = evidence.short_sides()
    path, arguments = _resize((evidence.setup.settings.get("eval") or {}).get("dataset") or {})
    if not path or not len(sides):
        return None
    factor = min(max(SMALLEST / max(float(np.percentile(sides, 100 - SHARE)), 1e-6), LEAST), MOST)
    words, factor = _overrides(path, arguments, factor, [(case.size, case.ratio) for case in evidence.cases])
    enough = int((sides * factor >= SMALLEST).sum())
    text = (
        f"A network's image {factor:.2f} times as high and wide would make {enough} of these {len(sides)} texts "
        f"{SMALLEST:g} pixels high or more, computed from the labels. The f-score is not known before you evaluate "
        f"with it; evaluation then takes about {factor**2:.1f} times as long."
    )
    return text, words


def _resize(dataset: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Dotted path of the only or last op that resizes, and its arguments; an empty path if there is none."""
    ops = dataset.get("transform_pipeline") or []
    names = [op if isinstance(op, str) else next(iter(op), "") for op in ops]
    places = [i for i, name in enumerate(names) if name == _OP]
    if not places:
        return "", {}
    op = ops[places[-1]]
    step = "" if len(places) == 1 else f"[{places[-1]}]"
    return f"{_PIPELINE}{step}.{_OP}", {} if isinstance(op, str) else dict(op[_OP] or {})


def _overrides(
    path: str,
    arguments: Mapping[str, Any],
    factor: float,
    images: Sequence[tuple[tuple[int, int], tuple[float, float]]],
) -> tuple[tuple[str, ...], float]:
    """Overrides for an image ``factor`` times as large, and the factor that they give after rounding up."""
    divisor = int(arguments.get("divisor", 32))
    target = arguments.get("target_size")
    if target:
        larger = [_up(side * factor, divisor) for side in target]
        return (f"{path}.target_size=[{larger[0]},{larger[1]}]",), min(new / old for new, old in zip(larger, target))
    inside = [(size[0] * ratio[0], size[1] * ratio[1]) for size, ratio in images]
    longest = float(np.median([max(size) for size, _ in images]))
    limit = int(arguments.get("limit_side_len", 736))
    if arguments.get("limit_type", "min") == "max" and limit * factor <= longest:
        larger_limit = _up(limit * factor, divisor)
        return (f"{path}.limit_side_len={larger_limit}",), larger_limit / limit
    short = float(np.median([min(side) for side in inside]))
    larger_limit = _up(short * factor, divisor)
    return (f"{path}.limit_type=min", f"{path}.limit_side_len={larger_limit}"), larger_limit / short


def _up(side: float, divisor: int) -> int:
    return math.ceil(side / divisor - 1e-9) * divisor
