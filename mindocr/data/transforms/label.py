"""Conversion of label lines to polygons, and their validation after geometric ops."""

from __future__ import annotations

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import ConfigError
from mindocr.formats.label_file import IGNORED, parse_texts
from mindocr.geometry.many import areas_and_perimeters, bounds
from mindocr.geometry.polygon import area, clip_to_rect
from mindocr.registry import TRANSFORMS


@TRANSFORMS.register
class DetLabelEncode:
    """Convert ``label``, a JSON list, to polygons, transcriptions and ignore tags (``###`` or ``*``)."""

    reads = ("label",)
    writes = ("polys", "texts", "ignore_tags")

    def __call__(self, sample: DetSample) -> DetSample:
        items = parse_texts(sample["label"], "label")
        texts = [item["transcription"] for item in items]
        return {
            **sample,
            "polys": [np.array(item["points"], dtype=np.float32) for item in items],
            "texts": texts,
            "ignore_tags": np.array([text in IGNORED for text in texts], dtype=bool),
        }


@TRANSFORMS.register
class ValidatePolygons:
    """Drop polygons outside the image and ignore texts with too small a visible area.

    Args:
        min_area: a text with a smaller visible area is ignored; square pixels.
        clip_to_visible_area: clip polygons to the image; otherwise they keep their shape.
        min_vertices: a polygon with fewer corners after clipping is dropped; used only with ``clip_to_visible_area``.
    """

    reads = ("image", "polys", "ignore_tags")
    writes = ("polys", "ignore_tags")

    def __init__(self, min_area: float = 1.0, clip_to_visible_area: bool = False, min_vertices: int = 4) -> None:
        if min_vertices < 3:
            raise ConfigError(f"ValidatePolygons: min_vertices must be 3 or more, got {min_vertices}")
        self.min_area = min_area
        self.clip_to_visible_area = clip_to_visible_area
        self.min_vertices = min_vertices

    def __call__(self, sample: DetSample) -> DetSample:
        h, w = image_size(sample)
        polys: list[np.ndarray] = []
        kept: list[int] = []
        ignored: list[bool] = []
        boxes = bounds(sample["polys"])
        areas, _ = areas_and_perimeters(sample["polys"])
        for i, (poly, ignore) in enumerate(zip(sample["polys"], sample["ignore_tags"])):
            xmin, ymin, xmax, ymax = boxes[i].tolist()
            if xmax < 0 or ymax < 0 or xmin > w or ymin > h:
                continue
            inside = xmin >= 0 and ymin >= 0 and xmax <= w and ymax <= h
            plain = inside and areas[i] >= self.min_area  # the common case, which needs no clipping
            if self.clip_to_visible_area or not (ignore or plain):
                pieces = clip_to_rect(poly, w, h)
                ignore = ignore or sum(area(piece) for piece in pieces) < self.min_area
                if self.clip_to_visible_area:
                    if not pieces or len(pieces[0]) < self.min_vertices:
                        continue
                    poly = pieces[0]
            polys.append(poly)
            kept.append(i)
            ignored.append(bool(ignore))
        checked: DetSample = {**sample, "polys": polys, "ignore_tags": np.array(ignored, dtype=bool)}
        if "texts" in sample:
            checked["texts"] = [sample["texts"][i] for i in kept]
        return checked
