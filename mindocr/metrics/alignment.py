"""Which character was read as which: an alignment of two texts with the fewest edits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

Step = tuple[str, str]  # a character of the truth and the one that was read; "" = none
NONE = ""


def align(truth: str, found: str) -> list[Step]:
    """Pairs of characters from left to right, such that the number of unequal ones is the edit distance.

    Of several such alignments, replaced characters are preferred to pairs of a lost and an added one, and differences
    are placed as far to the left as possible.
    """
    start = 0
    while start < min(len(truth), len(found)) and truth[start] == found[start]:
        start += 1
    end = 0
    while end < min(len(truth), len(found)) - start and truth[-1 - end] == found[-1 - end]:
        end += 1
    middle = _edits(truth[start : len(truth) - end], found[start : len(found) - end])
    same = [(character, character) for character in truth]
    return [*same[:start], *middle, *same[len(truth) - end :]]


def differences(steps: Iterable[Step]) -> list[Step]:
    """The pairs that are not equal."""
    return [(true, read) for true, read in steps if true != read]


def confusions(texts: Iterable[Sequence[Step]]) -> Counter[Step]:
    """How often each character was read as another one, lost (read as nothing), or added (without a true one)."""
    return Counter(step for steps in texts for step in differences(steps))


def is_case_only(step: Step) -> bool:
    """Whether only the case differs."""
    true, read = step
    return true.lower() == read.lower()


def _edits(truth: str, found: str) -> list[Step]:
    """The table of Levenshtein, and the way back through it."""
    table = [list(range(len(found) + 1))]
    for i, true in enumerate(truth, start=1):
        above, row = table[-1], [i]
        for j, read in enumerate(found, start=1):
            row.append(min(above[j - 1] + (true != read), above[j] + 1, row[j - 1] + 1))
        table.append(row)
    steps: list[Step] = []
    i, j = len(truth), len(found)
    while i or j:
        if i and j and table[i][j] == table[i - 1][j - 1] + (truth[i - 1] != found[j - 1]):
            i, j = i - 1, j - 1
            steps.append((truth[i], found[j]))
        elif i and table[i][j] == table[i - 1][j] + 1:
            i -= 1
            steps.append((truth[i], NONE))
        else:
            j -= 1
            steps.append((NONE, found[j]))
    return steps[::-1]
