"""Total-Text by the rules of PASCAL VOC: one to one, by IoU."""

from __future__ import annotations

from mindocr.geometry import Overlap, zero_buffer_region
from mindocr.metrics.matching import Image, ImageResult, MatchingProtocol, count, match_to_best, positions, ratio
from mindocr.metrics.protocols import PROTOCOLS
from mindocr.metrics.totaltext import PIXEL, leave_out

IOU_THRESHOLD = 0.5


@PROTOCOLS.register(name="totaltext_pascal")
class TotalTextPascal(MatchingProtocol):
    """A detection matches the text of highest IoU = inter / (union + 1), if IoU >= 0.5 and the text is still free.

    A detection is compared with no other text. Detections in a do-not-care region are removed first, see
    :func:`mindocr.metrics.totaltext.leave_out`.
    """

    file_format = "totaltext"
    repair = staticmethod(zero_buffer_region)

    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Evaluate one image."""
        ignore, gt_areas, det_areas = image.ignore, overlap.areas_a, overlap.areas_b
        intersection, aside = leave_out(ignore, overlap)
        iou = ratio(intersection, gt_areas[:, None] + det_areas - intersection + PIXEL)
        pairs = match_to_best(iou, iou >= IOU_THRESHOLD)
        counts = {"matched": len(pairs), "gt_care": count(~ignore), "det_care": count(~aside)}
        recall, precision = map(float, self.score(counts))
        return ImageResult(counts, recall, precision, pairs, positions(ignore), positions(aside))
