"""The texts of a recognition data set compared with what training can encode, before any image is read.

An op of the pipeline with ``examine``, such as ``RecLabelEncode``, says what of a text it encodes. Texts that it cannot
encode are left out with ``on_error: skip`` of the data set, and are an error with ``raise``.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import DataError
from mindocr.formats.label_file import shorten

logger = logging.getLogger(__name__)

_LISTED = 20  # characters in a message
_EQUAL_NEIGHBOURS = re.compile(r"(.)(?=\1)", re.DOTALL)


@runtime_checkable
class LabelEncoder(Protocol):
    """An op that encodes the text of a line.

    Attributes:
        max_text_len: longest text that it encodes, in characters.
        unknown: ``error``: a character that the dictionary lacks makes the text unusable; ``drop``: it is left out.
    """

    max_text_len: int
    unknown: str

    def examine(self, text: str) -> tuple[str, list[str]]:
        """The characters of a text that are encoded, and those that the dictionary lacks."""


def encoder_of(pipeline: Pipeline) -> LabelEncoder | None:
    """The first op of a pipeline that encodes texts."""
    return next((op for op in pipeline.ops if isinstance(op, LabelEncoder)), None)


def steps_needed(text: str) -> int:
    """Time steps that CTC needs for a text: one for each character, and one between equal neighbours."""
    return len(text) + len(_EQUAL_NEIGHBOURS.findall(text))


@dataclass
class LabelCount:
    """Counts over the texts of a data set.

    Attributes:
        encoder: op that encodes them.
        total: texts looked at.
        too_long: texts with more than ``max_text_len`` characters.
        empty: texts of which nothing is encoded.
        with_unknown: texts with a character that the dictionary lacks.
        unknown: such characters, with the number of their occurrences.
        steps: number of usable texts by the time steps that CTC needs for them.
        examples: where the first text of each kind is, with the text.
    """

    encoder: LabelEncoder
    total: int = 0
    too_long: int = 0
    empty: int = 0
    with_unknown: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    steps: Counter[int] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, text: str, where: str = "") -> bool:
        """Count a text; returns whether it can be encoded."""
        self.total += 1
        kept, lacking = self.encoder.examine(text)
        kind = ""
        if lacking:
            self.with_unknown += 1
            self.unknown.update(lacking)
            kind = "unknown" if self.encoder.unknown == "error" else ""
            self.examples.setdefault("unknown", f"{where} {shorten(text)}".strip())
        if not kind and len(kept) > self.encoder.max_text_len:
            self.too_long += 1
            kind = "too_long"
        elif not kind and not kept.strip():
            self.empty += 1
            kind = "empty"
        if kind:
            self.examples.setdefault(kind, f"{where} {shorten(text)}".strip())
            return False
        self.steps[steps_needed(kept)] += 1
        return True

    def merge(self, other: LabelCount) -> None:
        """Add the counts of another part of the data set; the encoders are equal."""
        for name in ("total", "too_long", "empty", "with_unknown"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.unknown.update(other.unknown)
        self.steps.update(other.steps)
        self.examples = {**other.examples, **self.examples}

    @property
    def unusable(self) -> int:
        """Texts that cannot be encoded."""
        return self.too_long + self.empty + (self.with_unknown if self.encoder.unknown == "error" else 0)

    def beyond(self, steps: int) -> int:
        """Usable texts for which CTC needs more than ``steps`` time steps."""
        return sum(number for needed, number in self.steps.items() if needed > steps)

    def reasons(self) -> list[str]:
        """What is wrong with the texts that cannot be encoded, each with its number and an example."""
        found = []
        if self.too_long:
            found.append(
                f"{self.too_long} longer than max_text_len {self.encoder.max_text_len}{self._such('too_long')}"
            )
        if self.with_unknown and self.encoder.unknown == "error":
            found.append(f"{self.with_unknown} with characters that the dictionary lacks{self._such('unknown')}: "
                         f"{self.characters()}")  # fmt: skip
        if self.empty:
            found.append(f"{self.empty} with no character to read{self._such('empty')}")
        return found

    def characters(self) -> str:
        """The characters that the dictionary lacks, the most frequent ones first, each with its number."""
        ranked = sorted(self.unknown.items(), key=lambda item: (-item[1], item[0]))
        listed = ", ".join(f"{_name(character)} {number}" for character, number in ranked[:_LISTED])
        return listed + (f", and {len(ranked) - _LISTED} more" if len(ranked) > _LISTED else "")

    def _such(self, kind: str) -> str:
        return f" (first: {self.examples[kind]})"


def _name(character: str) -> str:
    """A character in quotes; one that cannot be seen with its code point too."""
    return repr(character) if character.isprintable() and not character.isspace() else f"U+{ord(character[0]):04X}"


def merged(counts: Iterable[LabelCount | None]) -> LabelCount | None:
    """The sum of the counts of all parts of a data set; None without any."""
    total: LabelCount | None = None
    for counted in counts:
        if counted is not None:
            total = LabelCount(counted.encoder) if total is None else total
            total.merge(counted)
    return total


def usable(
    texts: Sequence[tuple[str, str]], pipeline: Pipeline, on_error: str
) -> tuple[Sequence[int], LabelCount | None]:
    """Indices of the texts that the pipeline can encode, and what was counted; the log states what is left out.

    Args:
        texts: each text with its place, for messages.
        pipeline: without an op that encodes texts, all are usable.
        on_error: ``skip`` leaves the others out.

    Raises:
        DataError: a text cannot be encoded, and ``on_error`` is ``raise``; or none can be.
    """
    encoder = encoder_of(pipeline)
    if encoder is None:
        return range(len(texts)), None
    counted = LabelCount(encoder)
    kept = [i for i, (text, where) in enumerate(texts) if counted.add(text, where)]
    report(counted, on_error)
    return kept, counted


def report(counted: LabelCount, on_error: str, source: str = "", of: int | None = None) -> None:
    """Log or raise what was counted.

    Args:
        counted: over the texts of a data set.
        on_error: as in :func:`usable`.
        source: name of the data set, for messages.
        of: number of all texts, where only some were looked at.

    Raises:
        DataError: as :func:`usable`.
    """
    place = f"{source}: " if source else ""
    looked = f"{counted.total} texts" if of in (None, counted.total) else f"{counted.total} of {of} texts, a sample"
    reasons = "\n  ".join(counted.reasons())
    if counted.unusable and (on_error != "skip" or counted.unusable == counted.total):
        which = "none of them can" if counted.unusable == counted.total else f"{counted.unusable} of them cannot"
        skip = ", or set on_error: skip of the data set to leave such texts out" if on_error != "skip" else ""
        raise DataError(
            f"{place}{looked}; {which} be encoded:\n  {reasons}\ncorrect the texts, use another dictionary, or change "
            f"max_text_len or unknown of RecLabelEncode{skip}"
        )
    if counted.unusable:
        logger.warning("%s%s; %d of them cannot be encoded and are left out:\n  %s", place, looked, counted.unusable,
                       reasons)  # fmt: skip
    if counted.with_unknown and counted.encoder.unknown == "drop":
        logger.warning("%s%s; %s characters that the dictionary lacks, which are left out (unknown: drop): %s",
                       place, looked, "1 has" if counted.with_unknown == 1 else f"{counted.with_unknown} have",
                       counted.characters())  # fmt: skip
