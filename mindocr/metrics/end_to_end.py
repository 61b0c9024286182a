"""Common part of the protocols for detection and reading together: the rules of ICDAR 2015 for detection, and the text.

A pair of a text and a detection is formed by IoU alone, and takes the places of both. It counts as matched only if the
texts agree. So a detection that is read wrong leaves its text missed, even if another detection has the right text.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

import numpy as np

from mindocr.geometry import Overlap
from mindocr.metrics.matching import Image, ImageResult
from mindocr.metrics.protocols.icdar2015 import Icdar2015

MISREAD = "misread"  # kind of a group: a text and a detection that are a pair by IoU, with texts that do not agree


class EndToEndProtocol(Icdar2015):
    """recall = matched / texts that count, precision = matched / detections not set aside, summed over all images."""

    compares_texts = True

    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Evaluate one image; ``groups`` of the result holds the pairs that were read wrong."""
        unreadable = np.array([not self.counts(text) for text in image.truth_texts], dtype=bool)
        placed = super().judge(image._replace(ignore=image.ignore | unreadable), overlap)
        right = [self.agree(image.truth_texts[text], image.found_texts[found]) for text, found in placed.pairs]
        pairs = [pair for pair, agrees in zip(placed.pairs, right) if agrees]
        wrong = [(MISREAD, [text], [found]) for (text, found), agrees in zip(placed.pairs, right) if not agrees]
        counts = {**placed.counts, "matched": len(pairs)}
        recall, precision = placed.recall, placed.precision
        if counts["gt_care"]:
            recall, precision = map(float, self.score(counts))
        return replace(placed, counts=counts, recall=recall, precision=precision, pairs=pairs, groups=wrong)

    def counts(self, truth: str) -> bool:
        """Whether a ground-truth text counts; others become do-not-care regions."""
        return True

    @abstractmethod
    def agree(self, truth: str, found: str) -> bool:
        """Whether a text was read right."""
