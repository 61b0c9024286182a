"""One image of a data set, as listed in its label file."""

from __future__ import annotations

from typing import Any, NamedTuple


class Record(NamedTuple):
    """One image: its file, where it is listed (``FILE:LINE``, or empty), and the content of its list entry."""

    img_path: str
    where: str
    content: Any
