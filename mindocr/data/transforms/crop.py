"""Random crops, computed from polygons only: one cuts no text, the other has a fixed size at the image's own scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.geometric import check_probability
from mindocr.data.transforms.protocol import GeometricOp, image_size
from mindocr.errors import ConfigError
from mindocr.geometry.many import bounds
from mindocr.images.headers import Size
from mindocr.registry import TRANSFORMS

Rect = tuple[int, int, int, int]


class _Crop(GeometricOp):
    """A crop, whose parameters begin with its left and top edge; polygons completely outside are dropped."""

    reads = ("image", "polys", "ignore_tags")
    writes = ("image", "polys", "ignore_tags")

    def move(self, sample: DetSample, params: Any) -> DetSample:
        moved = super().move(sample, params)
        h, w = self.content(params, sample)
        boxes = bounds(moved["polys"])
        inside = np.flatnonzero((boxes[:, 2:] > 0).all(axis=1) & (boxes[:, :2] < (w, h)).all(axis=1)).tolist()
        kept: DetSample = {
            **moved,
            "polys": [moved["polys"][i] for i in inside],
            "ignore_tags": np.asarray(sample["ignore_tags"])[inside],
        }
        if "texts" in sample:
            kept["texts"] = [sample["texts"][i] for i in inside]
        return kept


@TRANSFORMS.register
class RandomCropWithBBox(_Crop):
    """Crop a random rectangle that contains at least one text that counts, without cutting such texts.

    The rectangle is scaled to fit ``crop_size``, keeping its aspect ratio, and placed at the top left; the rest is
    black. If no rectangle is found, or no text counts, the complete image is used. Polygons completely outside are
    dropped; ignored texts may be cut.

    Args:
        max_tries: number of rectangles to try.
        min_crop_ratio: smallest side of the rectangle, as a share of the image's side, in [0, 1].
        crop_size: (h, w) of the result in pixels.
        p: probability of a crop, in [0, 1]; otherwise the complete image is scaled to fit.
    """

    def __init__(
        self,
        max_tries: int = 10,
        min_crop_ratio: float = 0.1,
        crop_size: Sequence[int] = (640, 640),
        p: float = 0.5,
    ) -> None:
        if max_tries < 1:
            raise ConfigError(f"RandomCropWithBBox: max_tries must be 1 or more, got {max_tries}")
        if not 0 <= min_crop_ratio <= 1:
            raise ConfigError(f"RandomCropWithBBox: min_crop_ratio must be in [0, 1], got {min_crop_ratio}")
        if len(crop_size) != 2 or min(crop_size) < 1:
            raise ConfigError(f"RandomCropWithBBox: crop_size must be two sizes [h, w], got {list(crop_size)}")
        self.max_tries = max_tries
        self.min_crop_ratio = min_crop_ratio
        self.crop_size = (crop_size[0], crop_size[1])
        self.p = check_probability("RandomCropWithBBox", p)

    def draw(self, rng: np.random.Generator, sample: DetSample) -> Rect:
        """The rectangle (x0, y0, x1, y1) in whole pixels, x1 and y1 exclusive."""
        h, w = image_size(sample)
        chance = rng.random()
        # all random numbers at once: their number must not depend on which try succeeds
        tries = rng.random((self.max_tries, 2, 2))
        counted = [poly for poly, ignored in zip(sample["polys"], sample["ignore_tags"]) if not ignored]
        if chance < self.p and counted:
            boxes = bounds(counted)
            found = self._find(tries, boxes[:, :2], boxes[:, 2:], h, w)
            if found is not None:
                return found
        return 0, 0, w, h

    def _find(self, tries: np.ndarray, low: np.ndarray, high: np.ndarray, h: int, w: int) -> Rect | None:
        """The first try that is large enough and contains a text; ``low``, ``high`` (N, 2): corners of text boxes."""
        free_x, free_y = _free_lines(low[:, 0], high[:, 0], w), _free_lines(low[:, 1], high[:, 1], h)
        if not len(free_x) or not len(free_y):
            return None
        smallest = np.ceil(np.array([w, h]) * self.min_crop_ratio).clip(min=1)
        x = np.sort(free_x[(tries[:, 0] * len(free_x)).astype(int)], axis=1)  # (tries, 2)
        y = np.sort(free_y[(tries[:, 1] * len(free_y)).astype(int)], axis=1)
        large = (x[:, 1] - x[:, 0] >= smallest[0]) & (y[:, 1] - y[:, 0] >= smallest[1])
        start, end = np.stack([x[:, 0], y[:, 0]], axis=1), np.stack([x[:, 1], y[:, 1]], axis=1)
        holds = ((low < end[:, None]) & (high > start[:, None])).all(axis=2).any(axis=1)
        good = np.flatnonzero(large & holds)
        if not len(good):
            return None
        (x0, x1), (y0, y1) = x[good[0]].tolist(), y[good[0]].tolist()
        return x0, y0, x1, y1

    def matrix(self, params: Rect, sample: DetSample) -> tuple[np.ndarray, Size]:
        x0, y0, _, _ = params
        scale = self._scale(params)
        return np.array([[scale, 0, -x0 * scale], [0, scale, -y0 * scale], [0, 0, 1]], dtype=float), self.crop_size

    def content(self, params: Rect, sample: DetSample) -> Size:
        x0, y0, x1, y1 = params
        scale = self._scale(params)
        h, w = round((y1 - y0) * scale), round((x1 - x0) * scale)
        return min(max(h, 1), self.crop_size[0]), min(max(w, 1), self.crop_size[1])

    def _scale(self, rect: Rect) -> float:
        x0, y0, x1, y1 = rect
        return min(self.crop_size[0] / (y1 - y0), self.crop_size[1] / (x1 - x0))


@TRANSFORMS.register
class RandomWindow(_Crop):
    """Cut a window of a fixed size out of the image, at the image's own scale.

    Unlike :class:`RandomCropWithBBox`, which scales its rectangles, the texts keep their size: the network sees them as
    it will see them in prediction. Texts at the edge may be cut; the rest of each stays a text. Where the image is
    smaller than the window, it is placed at the top left and the rest is black. Polygons outside are dropped.

    Args:
        size: (h, w) of the window in pixels.
        p: probability that the window contains the centre of a text that counts, drawn at random; otherwise it lies
            anywhere. In [0, 1].
    """

    def __init__(self, size: Sequence[int] = (640, 640), p: float = 0.8) -> None:
        if len(size) != 2 or min(size) < 1:
            raise ConfigError(f"RandomWindow: size must be two sizes [h, w] from 1, got {list(size)}")
        self.size = (size[0], size[1])
        self.p = check_probability("RandomWindow", p)

    def draw(self, rng: np.random.Generator, sample: DetSample) -> tuple[int, int]:
        """Left and top edge of the window in whole pixels, 0 or more."""
        size = np.array(self.size[::-1])
        room = np.maximum(np.array(image_size(sample)[::-1]) - size, 0)  # of the left and top edge
        chance, which = rng.random(2)
        place = rng.random(2)  # all random numbers at once, so that their number is the same for every image
        low, high = np.zeros(2, int), room
        counted = [poly for poly, ignored in zip(sample["polys"], sample["ignore_tags"]) if not ignored]
        if chance < self.p and counted:
            box = bounds([counted[int(which * len(counted))]])[0]
            centre = ((box[:2] + box[2:]) / 2).astype(int)
            low = np.clip(centre - size + 1, 0, room)
            high = np.clip(centre, 0, room)
        x, y = (low + (place * (high - low + 1)).astype(int)).tolist()
        return x, y

    def matrix(self, params: tuple[int, int], sample: DetSample) -> tuple[np.ndarray, Size]:
        x, y = params
        return np.array([[1.0, 0, -x], [0, 1, -y], [0, 0, 1]]), self.size

    def content(self, params: tuple[int, int], sample: DetSample) -> Size:
        (x, y), (h, w) = params, image_size(sample)
        return min(h - y, self.size[0]), min(w - x, self.size[1])


def _free_lines(low: np.ndarray, high: np.ndarray, length: int) -> np.ndarray:
    """Integer coordinates 0..length that are in no interval [low, high]."""
    taken = np.zeros(length + 1, dtype=bool)
    for start, end in zip(low, high):
        taken[max(math.floor(start), 0) : max(math.ceil(end) + 1, 0)] = True
    return np.flatnonzero(~taken)
