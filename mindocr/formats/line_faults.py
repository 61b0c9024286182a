"""Faults of a line that cannot be read as a label line: one sentence for the user, and the lines that were meant.

Nothing here is called for a line that can be read.
"""

from __future__ import annotations

import json
import re
from typing import Literal, NamedTuple

from mindocr.formats.line_notations import is_label, named, other_notations, short

FaultKind = Literal["lines_run_together", "other_notation", "malformed_line"]

_FIX = "; 'mindocr check-data --fix' does that"
_NUMBERS = {2: "two", 3: "three", 4: "four"}
# Characters that programs take for a line end, or leave behind at one: str.strip() removes most of them, but not these.
_BETWEEN_LINES = "\x00\ufeff\u200b"
_LIST_START = re.compile(r"\[\s*[{\]]")
_TAB_AND_LIST = re.compile(r"\t\s*(?=\[)")
_EIGHT_NUMBERS = re.compile(r"\s*-?\d[\d.]*(?:\s*,\s*-?\d[\d.]*){7}\s*(?:,|$)")


class Fault(NamedTuple):
    """What is wrong with a line.

    Attributes:
        kind: ``lines_run_together``, ``other_notation`` (one line, written in another way) or ``malformed_line``.
        message: what was found, and what to do.
        lines: the label lines that were meant; empty if that is unknown.
    """

    kind: FaultKind
    message: str
    lines: tuple[str, ...] = ()


def diagnose(line: str) -> Fault:
    """The fault of a line that cannot be read.

    Args:
        line: the line without its line end and without a byte order mark at its start.
    """
    path, tab, label = line.partition("\t")
    if not tab or "[{" in path:
        return _without_tab(line)
    pieces = split_run_together(line)
    if len(pieces) > 1:
        return _run_together(line, pieces)
    start = _end_of_blanks(label)
    end = _end_of_list(label, start)
    if end is not None:
        return _after_the_list(path, label[start:end], label[end:], len(path) + 2 + end)
    for message, meant in other_notations(path, label):
        return Fault("other_notation", f"{message}{_FIX}", (meant,))
    return Fault("malformed_line", _unreadable(path, label))


def split_run_together(line: str) -> list[str]:
    """The label lines in a line without line breaks between them; only itself if it is one.

    Not all of the lines need to be readable.
    """
    pieces = []
    while line:
        cut = _end_of_first(line)
        pieces.append(line if cut is None else line[:cut])
        line = "" if cut is None else _strip_start(line[cut:])
    return pieces


def _end_of_first(line: str) -> int | None:
    """Where the list of the first label line ends, if another label line follows."""
    path, tab, label = line.partition("\t")
    if not tab:
        return None
    start = _end_of_blanks(label)
    end = _end_of_list(label, start)
    if end is None:
        end = _end_of_other_notation(label)
    if end is None:
        return None
    rest = _strip_start(label[end:])
    head = _LIST_START.search(rest)
    follows = head is not None and head.start() > 0 and bool(re.search(r"\w", rest[: head.start()]))
    return len(path) + 1 + end if follows else None


def _end_of_other_notation(label: str) -> int | None:
    """The end of a list in any notation, after which a path, a tab and another list follow."""
    for found in _TAB_AND_LIST.finditer(label):
        end = label.rfind("]", 0, found.start()) + 1
        path = label[end : found.start()]
        if end and path.strip(" ,") and not set(path) & set("[{}\"'\t"):
            return end
    return None


def _run_together(line: str, pieces: list[str]) -> Fault:
    second = pieces[1]
    column = line.index(second, len(pieces[0])) + 1
    path, tab, _ = second.partition("\t")
    between = named(line[len(pieces[0]) : column - 1])
    what = f"a second image path ({short(path)}) and its tab" if tab else f"the text {short(second)}"
    message = (
        f"{_NUMBERS.get(len(pieces), len(pieces))} label lines stand in one: after the list comes {what}, at column "
        f"{column}{f', with {between} before it instead of a line break' if between else ''}; put a line break there"
    )
    return Fault("lines_run_together", f"{message}{_FIX}", tuple(pieces))


def _after_the_list(path: str, items: str, rest: str, column: int) -> Fault:
    """The list can be read, but something follows that is no label line."""
    kept = (f"{path}\t{items}",)
    extra = _strip_start(rest)
    if not extra:
        message = f"after the list, at column {column}, comes {named(rest)}; remove it"
        if "\x00" in rest:
            message += " (NUL characters come from a crash or a full disk; lines may be missing after it)"
        return Fault("other_notation", f"{message}{_FIX}", kept)
    column += rest.index(extra)
    if extra.startswith("["):
        message = (
            f"two lists stand in one line: the second begins at column {column}, without an image path; put a line "
            "break and the path of its image there; 'mindocr check-data --fix' keeps the first list and records the "
            "other"
        )
        return Fault("lines_run_together", message, kept)
    if not extra.strip("]},; \t"):
        message = f"after the list, at column {column}, comes {short(extra)}; remove it"
        return Fault("other_notation", f"{message}{_FIX}", kept)
    return Fault(
        "malformed_line",
        f"after the list, at column {column}, comes {short(extra)}; remove it, or put a line break there if it "
        "begins another label line",
    )


def _without_tab(line: str) -> Fault:
    found = None if line.lstrip().startswith("{") else _LIST_START.search(line)
    if found is None:
        hint = "put a tab and the list of its texts after the image path, [] for none"
        if line.lstrip().startswith("{"):
            hint = "it looks like a JSON file of an annotation tool; 'mindocr exchange' or 'mindocr convert' reads it"
        elif _EIGHT_NUMBERS.match(line):
            hint = "it looks like a file of ICDAR with the texts of one image; 'mindocr convert' reads those"
        elif line.lstrip().startswith("[") or re.search(r'["\]}]\s*$', line):
            hint = "it may continue the line above: join the two"
        return Fault("malformed_line", f"no tab in {short(line, 80)}; {hint}")
    before, items = line[: found.start()], line[found.start() :]
    path, gap = _split_at_gap(before)
    if not path.strip():
        return Fault("malformed_line", f"no tab and no image path before the list {short(items)}; put both there")
    written = f"{short(gap)} stands" if gap else "blanks stand" if path != before else "nothing stands"
    message = f"no tab in the line: {written} between path and list, at column {len(path) + 1}; put one tab there"
    if not gap:
        message += " (an editor may have turned it into spaces)"
    meant = f"{path}\t{items}"
    if is_label(items):
        return Fault("other_notation", f"{message}{_FIX}", (meant,))
    more = diagnose(meant)
    return more._replace(message=f"{message}; also: {more.message}")


def _split_at_gap(before: str) -> tuple[str, str]:
    """The image path, and what is written in place of the tab after it, without blanks."""
    trimmed = before.rstrip()
    for gap in ("\\t", ",", ";", "|"):
        if trimmed.endswith(gap):
            return trimmed.removesuffix(gap).rstrip(), gap
    return trimmed, ""


def _unreadable(path: str, label: str) -> str:
    """A sentence on a list that no known notation explains."""
    text = label.rstrip()
    if not text:
        return "nothing comes after the tab; put the list of its texts there, [] for none"
    second = _TAB_AND_LIST.search(label)
    column = len(path) + 2
    if second and not label.lstrip().startswith("["):
        return (
            f"the list stands after a second tab, at column {column + second.end()}, not after the first; a label line "
            "is one image path, one tab and one list"
        )
    if second:
        return (
            f"the list is not complete where another tab and list begin, at column {column + second.end()}: a line was "
            "cut short, and the next one follows; complete it, and put a line break before the next image path"
        )
    try:
        json.loads(label)
    except json.JSONDecodeError as error:
        if error.pos >= len(text) or error.msg.startswith("Unterminated string"):
            return (
                f"the list is not complete at the end of the line ({short(text[-30:])}): it was cut short, as by a "
                "full disk or an interrupted copy, or a line break stands inside it; complete the line"
            )
        where = f"{error.msg}, at column {column + error.pos}, near {short(label[max(error.pos - 12, 0) :][:30])}"
        return f"the part after the tab is not JSON: {where}; write the list with json.dumps"
    except (ValueError, RecursionError) as problem:  # a number of thousands of digits, or nested too deep
        return f"the part after the tab is not JSON ({problem}): {short(label, 80)}"
    return f"the part after the tab is not a list of texts: {short(label, 80)}"


def _end_of_list(label: str, start: int) -> int | None:
    try:
        value, end = json.JSONDecoder().raw_decode(label, start)
    except (ValueError, RecursionError):
        return None
    return end if isinstance(value, list) else None


def _end_of_blanks(label: str) -> int:
    return len(label) - len(label.lstrip(" \t\r\n"))


def _strip_start(text: str) -> str:
    """``text`` without blanks and line separators of all kinds at its start."""
    while (shorter := text.lstrip().lstrip(_BETWEEN_LINES)) != text:
        text = shorter
    return text
