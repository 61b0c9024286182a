"""Character dictionaries: one character a line, UTF-8."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mindocr.errors import DataError

SPACE = " "


def read_dictionary(path: str | Path) -> list[str]:
    """The characters of a file, in order.

    Lines may end in CRLF and the last one without a line break. Only the line break is removed: an entry may be a
    space of any kind, such as the ideographic space U+3000.

    Raises:
        DataError: no such file, not UTF-8, empty, or an entry that occurs twice or has no character.
    """
    path = Path(path).expanduser()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: no character dictionary ({error.strerror or error})") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start}); save the dictionary as UTF-8") from None
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if lines == [""]:
        raise DataError(f"{path}: the dictionary is empty; expected one character a line")
    check_dictionary(lines, str(path))
    return lines


def check_dictionary(characters: Sequence[str], where: str) -> None:
    """Check that every entry is there once and not empty.

    Raises:
        DataError: the message names the entry and its line.
    """
    if "" in characters:
        raise DataError(f"{where}: line {list(characters).index('') + 1} is empty; expected one character a line")
    twice = next((each for each, count in Counter(characters).items() if count > 1), None)
    if twice is not None:
        first, second = [i + 1 for i, each in enumerate(characters) if each == twice][:2]
        raise DataError(f"{where}: {twice!r} stands on line {first} and on line {second}; remove one of them")
