"""One image of a data set, as its listing gives it."""

from __future__ import annotations

from typing import Any, NamedTuple


class Record(NamedTuple):
    """One image: its file, where it is listed (``FILE:LINE``, or empty), and what the list says about it."""

    img_path: str
    where: str
    content: Any
