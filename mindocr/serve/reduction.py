"""Large images are reduced before texts are searched in them, so that the memory of the network stays bounded.

Detectors whose pipeline has no upper limit, such as those of PP-OCR, would take a photograph of 50 megapixels as it is.
Texts are read from the image itself.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, NamedTuple

import cv2
import numpy as np

from mindocr.images.headers import Size
from mindocr.inference.detector import TextDetector
from mindocr.predictions.detection import Detection
from mindocr.serve.refusal import Refusal

_ROOM = 2  # a strip that the pipeline enlarges again may need this many times the limit


class Reduced(NamedTuple):
    """An image for the detector.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        size: (h, w) of the image that was sent, in pixels.
    """

    image: np.ndarray
    size: Size

    @property
    def searched(self) -> Size | None:
        """(h, w) of the smaller image; None if it was not reduced."""
        own = (self.image.shape[0], self.image.shape[1])
        return None if own == self.size else own

    def to_source(self, found: Detection) -> Detection:
        """A detection in this image, in pixels of the image that was sent."""
        if self.searched is None:
            return found
        scale = np.array([self.size[1] / self.searched[1], self.size[0] / self.searched[0]])
        polys = [np.asarray(poly * scale, dtype=np.float32) for poly in found.polys]
        return Detection(polys, found.scores, found.rejections, found.highest)


def reduce(detector: TextDetector, image: np.ndarray, max_pixels: int) -> Reduced:
    """Reduce an image so that the network of a detector takes at most about ``max_pixels``.

    Args:
        detector: its pipeline decides on the size for the network.
        image: (H, W, 3) uint8 RGB.
        max_pixels: of the network's image.

    Raises:
        Refusal: 413, the network would take more than twice as many, as of a long strip that its pipeline enlarges.
    """
    size: Size = (image.shape[0], image.shape[1])
    given = math.prod(detector.preparation.network_size(size))
    if given <= max_pixels:
        return Reduced(image, size)
    scale = min(math.sqrt(max_pixels / given), 1.0)
    smaller = (max(int(size[0] * scale), 1), max(int(size[1] * scale), 1))
    network = detector.preparation.network_size(smaller)
    if math.prod(network) > _ROOM * max_pixels:
        raise Refusal(
            413,
            f"{size[1]} x {size[0]} pixels (w x h) would become {network[1]} x {network[0]} for the network, above the "
            f"limit of {max_pixels}; cut the image into parts",
        )
    return Reduced(cv2.resize(image, smaller[::-1], interpolation=cv2.INTER_AREA), size)


class ReducingDetector:
    """Stands for the detector of a reader: texts are found in the reduced image, in pixels of the image itself."""

    def __init__(self, detector: TextDetector, reduced: Reduced) -> None:
        self._detector, self._reduced = detector, reduced

    def __call__(self, pixels: np.ndarray) -> Any:
        """What the reader uses of a result: its ``prediction``."""
        return SimpleNamespace(prediction=self._reduced.to_source(self._detector(self._reduced.image).prediction))
