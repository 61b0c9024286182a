"""Label lines of text recognition and classification: ``image path<TAB>text``, as in MindOCR and PaddleOCR."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mindocr.errors import DataError
from mindocr.formats.label_file import read_lines, shorten

_LISTED = 5


def read_rec_labels(file: Path, noun: str = "text") -> Iterator[tuple[int, str, str]]:
    """Yield (line number from 1, image path, text) of a label file; blanks at the ends of a text belong to it.

    Args:
        file: the label file.
        noun: what stands after the tab, for messages.

    Raises:
        DataError: the file cannot be read, or a line has no tab, several tabs, no path or no text. Lines without a text
            are counted and reported together, after the last line.
    """
    without_text = []
    for number, line in read_lines(file):
        path, text = split_rec_line(line, f"{file}:{number}", noun)
        if text.strip():
            yield number, path, text
        else:
            without_text.append(number)
    if without_text:
        few = ", ".join(map(str, without_text[:_LISTED])) + (", ..." if len(without_text) > _LISTED else "")
        raise DataError(
            f"{file}:{without_text[0]}: no {noun} after the tab (lines without a {noun}: {len(without_text)}, on line "
            f"{few}); expected {_example(noun)}; write the {noun}, or remove the line"
        )


def split_rec_line(line: str, where: str, noun: str = "text") -> tuple[str, str]:
    """Split a label line into the image path and the text, which may be empty; ``where`` begins each message.

    Raises:
        DataError: the line has no tab, several tabs, or no path.
    """
    path, *texts = line.split("\t")
    if not texts:
        raise DataError(
            f"{where}: no tab in {shorten(line)}; expected {_example(noun)}; put one tab between path and text (an "
            "editor may have turned it into spaces)"
        )
    if len(texts) > 1:
        raise DataError(
            f"{where}: {len(texts)} tabs in {shorten(line)}; expected {_example(noun)} with one tab; a {noun} "
            "cannot contain a tab"
        )
    if not path.strip():
        raise DataError(f"{where}: no image path before the tab; expected {_example(noun)}")
    return path, texts[0]


def _example(noun: str) -> str:
    return f"image.jpg<TAB>{noun}"
