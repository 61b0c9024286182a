"""Pastes texts of another image into free places (PP-OCRv2, "CopyPaste"; Ghiasi et al., CVPR 2021)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.geometric import check_probability, check_range
from mindocr.data.transforms.protocol import PastingOp, image_size
from mindocr.data.transforms.warp import Patch
from mindocr.errors import ConfigError
from mindocr.geometry.many import bounds
from mindocr.geometry.polygon import transform
from mindocr.registry import TRANSFORMS

_MOST = 30  # texts in one image
_TRIES = 50  # places for one text
_GAP = 2.0  # pixels between the boxes of texts
_SMALLEST = 3.0  # pixels; a smaller side is no text that could be read


class Paste(NamedTuple):
    """A text of the other image and where it goes.

    Attributes:
        number: of the text in the other image, from 0.
        matrix: (3, 3) float64, from the other image to this one, in continuous coordinates (see ``warp.py``).
    """

    number: int
    matrix: np.ndarray


@TRANSFORMS.register
class CopyPaste(PastingOp):
    """Rotate some texts of another image by any angle and paste them where the image has no text.

    The pixels inside the text's polygon are pasted, and the polygon with its transcription is added. The box around a
    pasted text keeps 2 pixels of distance from the boxes of all others, those that are ignored and those pasted before
    included. Ignored texts of the other image are not taken. If it has no other text, or a text finds no free place in
    50 tries, less is pasted.

    Put it behind DetLabelEncode and before the ops that move pixels. A pipeline then samples image and texts together,
    directly into the crop, and decodes the other image only if a text of it is seen there.

    Deliberate differences from PaddleOCR: a free place is tested against both sides of a box (PaddleOCR compares the
    right side twice, so texts may lie over each other); a polygon is copied as it is, with any number of corners, and
    not first rectified to an upright rectangle; other images without a text are allowed.

    Args:
        objects_paste_ratio: share of the other image's texts that is pasted, at least one text, in (0, 1].
        degrees: smallest and largest angle of rotation, drawn uniformly; positive = counter-clockwise on the screen.
        p: probability that anything is pasted, in [0, 1].

    Raises:
        ConfigError: an argument is out of its range.
    """

    reads = ("image", "polys", "ignore_tags")
    writes = ("image", "polys", "ignore_tags")

    def __init__(self, objects_paste_ratio: float = 0.2, degrees: Sequence[float] = (0, 360), p: float = 1.0) -> None:
        if not 0 < objects_paste_ratio <= 1:
            raise ConfigError(f"CopyPaste: objects_paste_ratio must be in (0, 1], got {objects_paste_ratio}")
        self.objects_paste_ratio = objects_paste_ratio
        self.degrees = check_range("CopyPaste", "degrees", degrees)
        self.p = check_probability("CopyPaste", p)

    def draw(self, rng: np.random.Generator, sample: DetSample) -> list[Paste]:
        """The texts to paste, each at a free place."""
        if rng.random() >= self.p:
            return []
        other = sample["further"][0]
        sides = np.diff(bounds(other["polys"]).reshape(-1, 2, 2), axis=1).reshape(-1, 2)
        usable = ~np.asarray(other["ignore_tags"], dtype=bool) & (sides.min(axis=1, initial=np.inf) >= _SMALLEST)
        most = max(1, min(int(self.objects_paste_ratio * len(other["polys"])), _MOST))
        chosen = rng.permutation(np.flatnonzero(usable))[:most]
        h, w = image_size(sample)
        taken = bounds(sample["polys"])
        pastes: list[Paste] = []
        for number in chosen.tolist():
            angle, places = rng.uniform(*self.degrees), rng.random((_TRIES, 2))
            matrix = _rotation(angle)
            xmin, ymin, xmax, ymax = bounds(transform([other["polys"][number]], matrix))[0].tolist()
            room = np.floor([w - 1 - (xmax - xmin), h - 1 - (ymax - ymin)])
            if room.min() < 0:
                continue
            # Whole pixels, so that a text that is not rotated keeps its pixels as they are.
            starts = np.floor(places * (room + 1)) - np.floor([xmin, ymin])
            boxes = np.concatenate([starts + (xmin, ymin), starts + (xmax, ymax)], axis=1)
            inside = (boxes >= 0).all(axis=1) & (boxes[:, 2] <= w - 1) & (boxes[:, 3] <= h - 1)
            apart = (boxes[:, None, :2] > taken[:, 2:] + _GAP) | (boxes[:, None, 2:] < taken[:, :2] - _GAP)
            free = np.flatnonzero(inside & apart.any(axis=2).all(axis=1))
            if not len(free):
                continue
            matrix[:2, 2] += starts[free[0]]
            pastes.append(Paste(number, matrix))
            taken = np.concatenate([taken, boxes[free[:1]]])
        return pastes

    def patches(self, params: list[Paste], sample: DetSample) -> list[Patch]:
        """The drawn texts, on the image."""
        return [Patch(sample["further"][0]["polys"][paste.number], paste.matrix) for paste in params]

    def add(self, sample: DetSample, params: list[Paste]) -> DetSample:
        """Add polygons, tags and transcriptions of the drawn texts."""
        if not params:
            return sample
        other = sample["further"][0]
        new = [transform([patch.poly], patch.matrix)[0] for patch in self.patches(params, sample)]
        tags = np.asarray(sample["ignore_tags"], dtype=bool)
        added: DetSample = {
            **sample,
            "polys": [*sample["polys"], *new],
            "ignore_tags": np.append(tags, np.zeros(len(params), dtype=bool)),
        }
        if "texts" in sample:
            texts = other["texts"] if "texts" in other else [""] * len(other["polys"])
            added["texts"] = [*sample["texts"], *(texts[paste.number] for paste in params)]
        return added


def _rotation(angle: float) -> np.ndarray:
    """About the origin, in degrees, counter-clockwise on the screen; (3, 3) float64."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
