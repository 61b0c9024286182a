"""Character dictionaries: one character a line, UTF-8."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mindocr.errors import DataError

SPACE = " "


class TextClasses:
    """The classes of a recogniser: the blank, the characters of the dictionary in order, and the space if wanted.

    As in PP-OCR the class of the space is the last one, even if the dictionary has a space.

    Args:
        characters: the characters, as a text or a list; for a file use ``path``.
        path: dictionary file.
        use_space_char: whether a class for the space follows.

    Attributes:
        classes: what each class adds to a text; '' for the blank, class 0.
        numbers: class of each character.

    Raises:
        DataError: the dictionary cannot be used.
    """

    def __init__(self, characters: Sequence[str] | None, path: str | None, use_space_char: bool) -> None:
        known = read_dictionary(path) if path else list(characters or ())
        check_dictionary(known, path or "characters")
        self.classes = ["", *known, *([SPACE] if use_space_char else [])]
        self.numbers = {character: number for number, character in enumerate(self.classes) if number}


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
