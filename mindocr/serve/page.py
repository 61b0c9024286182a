"""The page of the service: one file without external resources."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from mindocr.utils.html import inline_script, render

_TEMPLATE = Path(__file__).with_name("templates") / "page.html.j2"


class WebPage(NamedTuple):
    """A page and the policy that it is sent with: its own script, pictures from memory, requests to this service."""

    text: str
    policy: str


def render_page() -> WebPage:
    """The page, the same for every model; its script asks the service which one it is."""
    script = inline_script(_TEMPLATE.with_name("page.js"))
    policy = script.policy.replace("img-src data:", "img-src blob: data:; connect-src 'self'")
    style = Markup(_TEMPLATE.with_name("page.css").read_text(encoding="utf-8"))
    return WebPage(render(_TEMPLATE, script=script.text, css=style), policy)
