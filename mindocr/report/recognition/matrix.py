"""The confusion of characters as a matrix: the characters of the ground truth downwards, those read to the right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from mindocr.metrics.alignment import NONE, Step, is_case_only

SIDE = 20  # characters on a side, at most
_CELL, _EDGE = 22, 34  # units of the drawing: a cell, and the space for the names
_NAMES = {NONE: "∅", " ": "␣"}


class Matrix(NamedTuple):
    """The most frequent confusions.

    Attributes:
        rows, columns: characters of the ground truth and characters read, those with most mistakes first; an empty
            text stands for none.
        counts: how often a character of a row was read as that of a column.
    """

    rows: list[str]
    columns: list[str]
    counts: Mapping[Step, int]


def matrix_of(pairs: Counter[Step]) -> Matrix:
    """The matrix of confusions; those of case only are left out, because there are so many of them."""
    kept = Counter({pair: number for pair, number in pairs.items() if not is_case_only(pair)})
    shown = Counter(dict(kept.most_common(SIDE * SIDE)))
    sides = [_most_frequent(shown, side) for side in (0, 1)]
    counts = {(true, read): n for (true, read), n in kept.items() if true in sides[0] and read in sides[1]}
    rows, columns = ([each for each in side if any(pair[i] == each for pair in counts)] for i, side in enumerate(sides))
    return Matrix(rows, columns, counts)


def name_of(character: str) -> str:
    """How a character is shown: a space and "none" by a sign, other invisible ones by their number."""
    return _NAMES.get(character) or (character if character.isprintable() else f"U+{ord(character):04X}")


def draw(matrix: Matrix) -> Markup:
    """The matrix as inline SVG, coloured by the style sheet of the page; every cell has a tooltip."""
    width, height = (_EDGE + _CELL * len(side) for side in (matrix.columns, matrix.rows))
    most = max(matrix.counts.values(), default=1)
    parts = [
        f'<svg class="matrix" viewBox="0 0 {width} {height}" role="img" '
        f'style="width: {width * 1.5:.0f}px; min-width: {width}px" '
        'aria-label="confusion of characters: rows are the true characters, columns those read">'
    ]
    parts += [_text(_middle(i), _EDGE - 10, name_of(each), "name") for i, each in enumerate(matrix.columns)]
    parts += [_text(_EDGE - 16, _middle(i) + 5, name_of(each), "name") for i, each in enumerate(matrix.rows)]
    parts += [_line(i, len(matrix.columns), across=True) for i in range(len(matrix.rows) + 1)]
    parts += [_line(i, len(matrix.rows), across=False) for i in range(len(matrix.columns) + 1)]
    for i, true in enumerate(matrix.rows):
        for j, read in enumerate(matrix.columns):
            if number := matrix.counts.get((true, read)):
                parts.append(_cell(i, j, number, number / most, f"{told((true, read))}: {number} times"))
    return Markup("".join([*parts, "</svg>"]))


def told(step: Step) -> str:
    """A confusion in words."""
    true, read = map(name_of, step)
    if step[1] == NONE:
        return f"{true} lost"
    return f"{read} added" if step[0] == NONE else f"{true} read as {read}"


def _most_frequent(pairs: Counter[Step], side: int) -> Sequence[str]:
    sums: Counter[str] = Counter()
    for pair, number in pairs.items():
        sums[pair[side]] += number
    return [character for character, _ in sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:SIDE]]


def _cell(row: int, column: int, number: int, share: float, tooltip: str) -> str:
    x, y = _EDGE + column * _CELL, _EDGE + row * _CELL
    kind = "strong" if share > 0.5 else ""
    return (
        f'<g><title>{escape(tooltip)}</title><rect class="cell" x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" '
        f'fill-opacity="{0.15 + 0.85 * share:.2f}"/>{_text(_middle(column), _middle(row) + 4, f"{number}", kind)}</g>'
    )


def _line(place: int, cells: int, *, across: bool) -> str:
    at, end = _EDGE + place * _CELL, _EDGE + cells * _CELL
    path = f"M{_EDGE} {at}H{end}" if across else f"M{at} {_EDGE}V{end}"
    return f'<path class="grid" d="{path}"/>'


def _middle(place: int) -> float:
    return _EDGE + (place + 0.5) * _CELL


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="middle">{escape(text)}</text>'
