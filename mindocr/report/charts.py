"""Charts of the report as inline SVG, coloured by the style sheet of the page; every mark has a tooltip."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from mindocr.report.curves import Bin
from mindocr.report.sweep import Point

WIDTH, HEIGHT = 440, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 14, 44
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9)  # f-scores of the lines behind the curve


def curve_chart(points: Sequence[Point], now: tuple[float, float]) -> Markup:
    """Precision over recall, with lines of equal f-score and a dot at the threshold of the detector.

    Args:
        points: points of the curve, by threshold.
        now: recall and precision of the evaluation.
    """
    parts = [_open("precision over recall"), *_grid(), *(_level(level) for level in LEVELS)]
    parts += [_text(_x(k / 5), HEIGHT - 26, f"{k / 5:g}", "middle") for k in range(6)]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "recall", "middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<g transform="rotate(-90 12 {middle})">{_text(12, middle, "precision", "middle")}</g>')
    path = " ".join(f"{_x(p.recall):.1f},{_y(p.precision):.1f}" for p in points)
    parts.append(f'<polyline class="curve" points="{path}"/>')
    parts += [
        f'<circle class="point" cx="{_x(p.recall):.1f}" cy="{_y(p.precision):.1f}" r="3"><title>'
        f"score ≥ {p.threshold:.3f}: recall {p.recall:.4f}, precision {p.precision:.4f}, f-score {p.f_score:.4f}"
        "</title></circle>"
        for p in points
    ]
    parts.append(
        f'<circle class="now" cx="{_x(now[0]):.1f}" cy="{_y(now[1]):.1f}" r="6">'
        f"<title>evaluated: recall {now[0]:.4f}, precision {now[1]:.4f}</title></circle>"
    )
    return Markup("".join([*parts, "</svg>"]))


def recall_chart(title: str, bins: Sequence[Bin], said: str = "found, recall") -> Markup:
    """Recall of each kind of text as a bar, with its 95 % interval and the number of texts below.

    Args:
        title: text alternative of the chart for screen readers.
        bins: the kinds, from left to right.
        said: what a tooltip says about the texts that count, and the name of the share.
    """
    parts = [_open(title), *_grid()]
    step = (WIDTH - LEFT - RIGHT) / max(len(bins), 1)
    for i, each in enumerate(bins):
        left, middle = LEFT + (i + 0.18) * step, LEFT + (i + 0.5) * step
        low, high = _y(each.low), _y(each.high)
        tooltip = f"{each.name}: {each.hits} of {each.texts} {said} {each.recall:.3f}"
        parts.append(
            f'<g><title>{escape(tooltip)} ({each.low:.3f} to {each.high:.3f})</title><rect class="bar" x="{left:.1f}" '
            f'y="{_y(each.recall):.1f}" width="{step * 0.64:.1f}" height="{_y(0) - _y(each.recall):.1f}"/>'
        )
        if each.texts:
            ends = f"M{middle - 4:.1f} {low:.1f}h8M{middle - 4:.1f} {high:.1f}h8"
            parts.append(f'<path class="whisker" d="M{middle:.1f} {low:.1f}V{high:.1f}{ends}"/>')
        parts.append("</g>" + _text(middle, HEIGHT - 26, each.name, "middle"))
        parts.append(_text(middle, HEIGHT - 8, f"n {each.texts}", "middle", "faint"))
    return Markup("".join([*parts, "</svg>"]))


def _open(title: str) -> str:
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'


def _grid() -> list[str]:
    lines = [f'<path class="grid" d="M{LEFT} {_y(k / 5):.1f}H{WIDTH - RIGHT}"/>' for k in range(6)]
    return lines + [_text(LEFT - 6, _y(k / 5) + 4, f"{k / 5:g}", "end") for k in range(6)]


def _level(level: float) -> str:
    """The line on which the f-score is ``level``: precision = f r / (2 r - f)."""
    recalls = [level / (2 - level) + (1 - level / (2 - level)) * k / 40 for k in range(41)]
    path = " ".join(f"{_x(r):.1f},{_y(level * r / (2 * r - level)):.1f}" for r in recalls)
    end = _y(level / (2 - level))
    return f'<polyline class="level" points="{path}"/>' + _text(_x(1) - 3, end - 3, f"f {level:g}", "end", "faint")


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
