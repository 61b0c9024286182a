"""Total-Text's variant of DetEval: splits and merges of polygons, both with reduced credit."""

from __future__ import annotations

import numpy as np

from mindocr.geometry import Overlap, zero_buffer_region
from mindocr.metrics.deteval import MERGE, SPLIT, DetEvalProtocol, Ledger, gather
from mindocr.metrics.matching import Image, ImageResult, ratio
from mindocr.metrics.protocols import PROTOCOLS
from mindocr.metrics.totaltext import leave_out

RECALL_THRESHOLD = 0.7
PRECISION_THRESHOLD = 0.6
GROUP_CREDIT = 0.8
RATIO_DECIMALS = 2
EXACT = 12  # decimals of sums of ratios: removes only floating-point errors


@PROTOCOLS.register(name="totaltext_deteval")
class TotalTextDetEval(DetEvalProtocol):
    """Polygons by sigma = inter / area(text) and tau = inter / area(detection), both rounded to two decimals.

    0. Detections in a do-not-care region are removed, see :func:`mindocr.metrics.totaltext.leave_out`.
    1. One to one: a text with exactly one detection of sigma > 0.7 and exactly one of tau > 0.6, each of which has no
       other such text. The official script does not check that both are the same detection; the one with sigma > 0.7 is
       matched.
    2. A split: the text overlaps at least two detections; free ones with tau >= 0.6 have sigma that sum up to 0.7.
       Credit 0.8 for the text and 0.8 for each piece.
    3. A merge: the detection overlaps at least two texts; free ones with sigma >= 0.6 have tau that sum up to 0.6.
       Credit 0.8 for each text and 0.8 for the detection. A merge of one needs sigma >= 0.7.
       A split or merge of one is a one-to-one match.
    """

    file_format = "totaltext"
    repair = staticmethod(zero_buffer_region)

    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Evaluate one image."""
        ignore, gt_areas, det_areas = image.ignore, overlap.areas_a, overlap.areas_b
        intersection, aside = leave_out(ignore, overlap)
        sigma = np.round(ratio(intersection, gt_areas[:, None]), RATIO_DECIMALS)
        tau = np.round(ratio(intersection, det_areas), RATIO_DECIMALS)
        ledger = Ledger(ignore, aside)
        ledger.give_whole(*_one_to_one(sigma > RECALL_THRESHOLD, tau > PRECISION_THRESHOLD))

        splittable = ledger.gt_free & ((sigma > 0).sum(axis=1) >= 2)
        within = tau >= PRECISION_THRESHOLD
        for text, pieces in gather(splittable, ledger.det_free, within, sigma, RECALL_THRESHOLD, EXACT):
            if len(pieces) == 1:
                ledger.give_whole([text], pieces)
            else:
                ledger.give(SPLIT, [text], pieces, GROUP_CREDIT, GROUP_CREDIT * len(pieces))
        mergeable = ledger.det_free & ((tau > 0).sum(axis=0) >= 2)
        covered = (sigma >= PRECISION_THRESHOLD).T  # the bound of the official script; elsewhere sigma has another
        for found, texts in gather(mergeable, ledger.gt_free, covered, tau.T, PRECISION_THRESHOLD, EXACT):
            if len(texts) > 1:
                ledger.give(MERGE, texts, [found], GROUP_CREDIT * len(texts), GROUP_CREDIT)
            elif sigma[texts[0], found] >= RECALL_THRESHOLD:
                ledger.give_whole(texts, [found])
        return ledger.result(self)


def _one_to_one(covers: np.ndarray, within: np.ndarray) -> tuple[list[int], list[int]]:
    """Texts and the detections that cover them, for texts with exactly one detection in each relation."""
    texts = np.flatnonzero((covers.sum(axis=1) == 1) & (within.sum(axis=1) == 1))
    if not len(texts):
        return [], []
    covering, inside = covers[texts].argmax(axis=1), within[texts].argmax(axis=1)
    sole = (covers.sum(axis=0)[covering] == 1) & (within.sum(axis=0)[inside] == 1)
    return texts[sole].tolist(), covering[sole].tolist()
