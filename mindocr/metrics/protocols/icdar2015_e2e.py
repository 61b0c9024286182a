"""ICDAR 2015 "Incidental Scene Text", task 4.4: end-to-end recognition."""

from __future__ import annotations

from mindocr.metrics.end_to_end import EndToEndProtocol
from mindocr.metrics.protocols import PROTOCOLS

SPECIAL = frozenset("!?.:,*\"()·[]/'")


@PROTOCOLS.register(name="icdar2015_e2e")
class Icdar2015EndToEnd(EndToEndProtocol):
    """A text is matched if a detection is paired with it as for ``icdar2015``, and reads it without regard to case.

    1. Do-not-care regions, detections set aside and pairs are those of ``icdar2015``; see
       :mod:`mindocr.metrics.end_to_end` for pairs that are read wrong.
    2. Both texts are compared in upper case (of Unicode: ``Straße`` is ``STRASSE``). They agree if they are equal, or
       if they become equal when one special character is removed from the start, from the end, or from both ends of the
       ground truth. Nothing is removed from the detection's text. Special characters: ``!?.:,*"()·[]/'``.
    """

    def agree(self, truth: str, found: str) -> bool:
        """Whether a text was read right."""
        truth, found = truth.upper(), found.upper()
        allowed = [truth]
        begins, ends = truth[:1] in SPECIAL, truth[-1:] in SPECIAL
        if begins:
            allowed.append(truth[1:])
        if ends:
            allowed.append(truth[:-1])
        if begins and ends:
            allowed.append(truth[1:-1])
        return found in allowed
