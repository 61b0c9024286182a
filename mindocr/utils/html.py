"""Parts of a self-contained HTML page: pictures and bar charts inside the file, without external resources."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import jinja2
import numpy as np
from markupsafe import Markup, escape

from mindocr.utils.visualize import as_rgb

# Shared style: dark text on white in every theme of the browser, one column on a phone, tables that scroll separately.
STYLE = Markup("""
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 64rem; background: #fff; color: #1a1a1a;
       font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; } h3 { font-size: 1.05rem; }
code { overflow-wrap: anywhere; font-size: .9em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid #ccc; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 0 0 1rem; } figure img { max-width: 100%; height: auto; display: block; border: 1px solid #999; }
figcaption { font-size: .85rem; } figcaption, li { overflow-wrap: anywhere; }
.pictures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); }
svg { width: 100%; min-width: 30rem; max-width: 44rem; height: auto; } svg text { fill: #1a1a1a; font-size: 12px; }
""")

CHART_WIDTH, CHART_HEIGHT = 640, 220
_LEFT, _TOP, _BOTTOM = 8, 36, 30  # pixels beside, above (with the legend) and below the bars
COLORS = ("#1f5fa8", "#b9b9b9", "#c2571a")


class Series(NamedTuple):
    """One kind of bar: its name for the legend, and a value for each label."""

    name: str
    values: Sequence[float]


def picture_uri(image: np.ndarray, longest: int = 640, quality: int = 82) -> str:
    """A picture as a ``data:`` URI of a JPEG, with no side above ``longest`` pixels.

    Args:
        image: (H, W, 3) RGB or (H, W) uint8.
        longest: pixels; larger pictures are reduced, smaller ones keep their size.
        quality: of the JPEG, 0 to 100.
    """
    picture = as_rgb(image)
    scale = longest / max(picture.shape[:2])
    if scale < 1:
        height, width = picture.shape[:2]
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def bar_chart(title: str, labels: Sequence[str], series: Sequence[Series]) -> Markup:
    """Stacked bars as inline SVG, with the sum above each bar and a legend if there are several series.

    Args:
        title: text for screen readers.
        labels: one below each bar.
        series: values from the bottom of the bars to the top, not negative.

    Raises:
        ValueError: a series has another length than the labels.
    """
    if any(len(one.values) != len(labels) for one in series):
        raise ValueError(f"bar_chart: {len(labels)} labels, but series of {[len(one.values) for one in series]} values")
    sums = [sum(values) for values in zip(*(one.values for one in series))]
    step = (CHART_WIDTH - 2 * _LEFT) / max(len(labels), 1)
    scale = (CHART_HEIGHT - _TOP - _BOTTOM) / max([*sums, 1e-9])
    parts = [f'<svg viewBox="0 0 {CHART_WIDTH} {CHART_HEIGHT}" role="img" aria-label="{escape(title)}">']
    for i, label in enumerate(labels):
        left, bottom = _LEFT + i * step, float(CHART_HEIGHT - _BOTTOM)
        for one, color in zip(series, COLORS):
            height = one.values[i] * scale
            bottom -= height
            if height > 0:
                parts.append(f'<rect x="{left + step * 0.1:.1f}" y="{bottom:.1f}" width="{step * 0.8:.1f}" '
                             f'height="{height:.1f}" fill="{color}"/>')  # fmt: skip
        middle = left + step / 2
        parts.append(_label(middle, bottom - 4, f"{sums[i]:g}") if sums[i] else "")
        parts.append(_label(middle, CHART_HEIGHT - 12, label))
    if len(series) > 1:
        parts += [
            f'<rect x="{_LEFT + 170 * k}" y="2" width="11" height="11" fill="{color}"/>'
            f'<text x="{_LEFT + 170 * k + 16}" y="12">{escape(one.name)}</text>'
            for k, (one, color) in enumerate(zip(series, COLORS))
        ]
    return Markup("".join([*parts, "</svg>"]))


def with_code(text: str) -> Markup:
    """Escape text and format what is between two backticks as code."""
    pieces = [escape(piece) for piece in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if i % 2 and i + 1 < len(pieces) else piece
        for i, piece in enumerate(pieces)
    )


def render(template: Path, **values: Any) -> str:
    """Render a Jinja template; values are escaped, an unknown name is an error.

    ``style`` and ``with_code`` are provided.

    Args:
        template: template file; it may include others in its folder.
        values: variables of the template.
    """
    loader = jinja2.FileSystemLoader(template.parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template.name).render(style=STYLE, with_code=with_code, **values)


class Script(NamedTuple):
    """A script for a page: its text, and the policy that allows this script alone and nothing from elsewhere."""

    text: Markup
    policy: str


def inline_script(file: Path) -> Script:
    """Read a script that stands in a page as ``<script>{{ script.text }}</script>``, without anything else inside."""
    text = file.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return Script(
        Markup(text),
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
    )


def _label(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>'
