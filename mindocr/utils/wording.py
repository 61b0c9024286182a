"""Numbers in messages."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """A number with its noun: ``count(1, "batch")`` is ``1 batch``, ``count(2, "batch")`` is ``2 batches``."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a regular noun; the ch of ``epoch`` is a k."""
    return f"{noun}es" if noun.endswith(("ch", "x", "s")) and noun != "epoch" else f"{noun}s"
