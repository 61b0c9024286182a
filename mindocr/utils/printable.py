"""Texts from file names as lines of a log or a text file: any name can be printed, and long lists are cut."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_LISTED = 20


def printable(text: str) -> str:
    """The text in one line: control characters, line separators and bytes of a name that is no UTF-8 are escaped."""
    escaped = re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda match: repr(match[0])[1:-1], text)
    return escaped.encode("utf-8", "backslashreplace").decode("utf-8")


def listed(lines: Sequence[str], where: str = "") -> str:
    """The lines, each on a line of its own and indented; of a long list the first ones and the number of the others.

    Args:
        where: where the others can be read, such as `` (all in FILE)``.
    """
    shown = [f"\n  {printable(line)}" for line in lines[:MOST_LISTED]]
    more = [f"\n  and {len(lines) - MOST_LISTED} more{where}"] if len(lines) > MOST_LISTED else []
    return "".join([*shown, *more])
