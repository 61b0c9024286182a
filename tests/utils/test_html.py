"""Parts of HTML pages: a picture is stored unchanged, bars have the right heights, everything is escaped."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

import cv2
import jinja2
import numpy as np
import pytest

from mindocr.utils.html import STYLE, Series, bar_chart, picture_uri, render, with_code


def decoded(uri: str) -> np.ndarray:
    prefix, data = uri.split(",")
    assert prefix == "data:image/jpeg;base64"
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR_RGB)


def test_picture() -> None:
    image = np.full((40, 80, 3), (200, 30, 60), np.uint8)
    assert np.abs(decoded(picture_uri(image)).astype(int) - image).max() <= 3
    assert decoded(picture_uri(image, longest=20)).shape == (10, 20, 3)
    assert decoded(picture_uri(image[..., 0], longest=640)).shape == (40, 80, 3)
    assert decoded(picture_uri(np.zeros((1, 2000, 3), np.uint8), longest=100)).shape == (1, 100, 3)


def test_bars() -> None:
    chart = bar_chart("a <b> & c", ["1<2", "2+"], [Series("one", [4, 0]), Series("two", [4, 2])])
    svg = ElementTree.fromstring(chart)
    assert svg.get("aria-label") == "a <b> & c" and svg.get("xmlns") is None
    bars = [rect for rect in svg.iter("rect") if rect.get("width") != "11"]
    heights = [float(bar.get("height", 0)) for bar in bars]
    assert heights[0] == heights[1] == 2 * heights[2]  # 4, 4 and 2; none for the 0
    tops = [float(bar.get("y", 0)) for bar in bars]
    assert tops[0] + heights[0] == tops[2] + heights[2] and tops[1] + heights[1] == pytest.approx(tops[0], abs=0.11)
    assert {bar.get("fill") for bar in bars[:2]} == {rect.get("fill") for rect in svg.iter("rect")}
    assert [text.text for text in svg.iter("text")] == ["8", "1<2", "2", "2+", "one", "two"]
    alone = ElementTree.fromstring(bar_chart("", ["a"], [Series("only", [0])]))
    assert [text.text for text in alone.iter("text")] == ["a"] and not list(alone.iter("rect"))


def test_bars_and_labels_must_agree() -> None:
    with pytest.raises(ValueError, match=r"2 labels, but series of \[2, 3\] values"):
        bar_chart("", ["a", "b"], [Series("", [1, 2]), Series("", [1, 2, 3])])


def test_code() -> None:
    assert with_code("a `b<c` & `d`") == "a <code>b&lt;c</code> &amp; <code>d</code>"
    assert with_code("no `end") == "no end"


def test_template(tmp_path) -> None:
    template = tmp_path / "page.j2"
    template.write_text("<style>{{ style }}</style>{{ text }}{{ with_code('`x`') }}")
    assert render(template, text="<&>") == f"<style>{STYLE}</style>&lt;&amp;&gt;<code>x</code>"
    with pytest.raises(jinja2.UndefinedError, match="'text' is undefined"):
        render(template)


def test_style_is_dark_on_light_and_loads_nothing() -> None:
    assert re.search(r"background: #fff; color: #1a1a1a", STYLE) and "color-scheme: light" in STYLE
    assert "url(" not in STYLE and "@import" not in STYLE
