"""Similarity of two texts by the Levenshtein distance."""

from __future__ import annotations


def edit_distance(one: str, other: str) -> int:
    """Fewest insertions, deletions and replacements of characters that turn one text into the other."""
    if len(one) < len(other):
        one, other = other, one
    row = list(range(len(other) + 1))
    for i, character in enumerate(one, start=1):
        diagonal, row[0] = row[0], i
        for j, wanted in enumerate(other, start=1):
            best = min(row[j] + 1, row[j - 1] + 1, diagonal + (character != wanted))
            diagonal, row[j] = row[j], best
    return row[-1]


def similarity(one: str, other: str) -> float:
    """1 - distance / length of the longer text, in [0, 1]; 1 for two empty texts."""
    longer = max(len(one), len(other))
    return 1 - edit_distance(one, other) / longer if longer else 1.0
