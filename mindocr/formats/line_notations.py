"""Notations in which a list of texts is written instead of JSON: what they are, and the same list as JSON."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

_NAMES = {"\x00": "NUL", "\t": "tab", "\r": "carriage return", "\x0b": "vertical tab", "\x0c": "form feed",
          "\x85": "next line", "\u2028": "line separator", "\u2029": "paragraph separator", "\ufeff": "byte order mark",
          "\u200b": "zero width space"}  # fmt: skip
_STRING_OR_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(\s*[\]}])')
_WRONG_ESCAPE = re.compile(r'\\(?:\\|(?=[^"\\/bfnrtu]))')
_LONGEST_PYTHON = 1_000_000  # characters that Python's parser is given
_CURLY = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f", '"'))


def other_notations(path: str, label: str) -> Iterator[tuple[str, str]]:
    """Yield a sentence on each notation in which a line can be read, and the line with JSON; the first one counts.

    Args:
        path: the part of the line before its first tab.
        label: the part after it, which is not JSON.
    """
    text = label.strip()
    whole = f"{path}\t{text}"
    if whole[0] == '"' == whole[-1] and '""' in whole:
        meant = whole[1:-1].replace('""', '"')
        if is_label(meant.partition("\t")[2]):
            yield "the line stands in quotes, and quotes in it are doubled, as spreadsheets write; undo both", meant
    doubled = text[1:-1] if text[:1] == '"' == text[-1:] else text
    if is_label(mended := doubled.replace('""', '"')) and '""' in text:
        yield "quotes are doubled, as spreadsheets write them; write each once", f"{path}\t{mended}"
    inner = _json(text)
    if isinstance(inner, str) and is_label(inner):
        yield "the list stands in quotes, as after json.dumps was called twice; call it once", f"{path}\t{inner}"
    if is_label(mended := text.translate(_CURLY)) and mended != text:
        yield "curly quotes, as word processors write them; use straight double quotes", f"{path}\t{mended}"
    mended = _STRING_OR_COMMA.sub(lambda match: match[1] or match[2], text)
    if mended != text and is_label(mended):
        yield "a comma after the last item of a list, which JSON does not allow; remove it", f"{path}\t{mended}"
    loose = _json(text, strict=False)
    if _is_list_of_texts(loose):
        meant = f"{path}\t{json.dumps(loose, ensure_ascii=False)}"
        signs = named("".join(sign for sign in text if sign < " "))
        yield f"a text contains {signs} as it is; write it as an escape such as \\t", meant
    if is_label(mended := _WRONG_ESCAPE.sub(r"\\\\", text)) and mended != text:
        yield "a text contains a single backslash, which JSON reads as an escape; write it twice", f"{path}\t{mended}"
    python = _python_list(text)
    if python is not None:
        message = "the list is written as in Python (single quotes, None, True or tuples), not JSON; use json.dumps"
        yield message, f"{path}\t{python}"


def _python_list(text: str) -> str | None:
    """A list in Python's notation as JSON; None if it is none."""
    if len(text) > _LONGEST_PYTHON:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of invalid escapes
            items = ast.literal_eval(text)
        return json.dumps(list(items), ensure_ascii=False) if _is_list_of_texts(items) else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def is_label(text: str) -> bool:
    """Whether a text is a JSON list of objects."""
    return _is_list_of_texts(_json(text))


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _json(text: str, strict: bool = True) -> Any:
    try:
        return json.loads(text, strict=strict)
    except (ValueError, RecursionError):
        return None


def named(signs: str) -> str:
    """The separators in a text by name, each once, such as ``a form feed (U+000C)``; blanks are left out."""
    return " and ".join(f"a {_NAMES.get(sign, 'control character')} (U+{ord(sign):04X})"
                        for sign in dict.fromkeys(signs) if sign != " ")  # fmt: skip


def short(text: str, limit: int = 40) -> str:
    """Representation of a text for messages, in at most ``limit`` characters."""
    shown = repr(text)
    return shown if len(shown) <= limit else f"{shown[: limit - 3]}..."
