"""Drawings of a finished sample: its image as it was before normalisation, its texts, and its label maps over it.

Nothing depends on the task: texts are drawn if the sample has polygons, and every map of the size of the image (or
of a whole fraction of it) among the columns of the loss is a picture of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from mindocr.data.transforms.layout import NormalizeImage
from mindocr.inspection.settings import ops_of
from mindocr.utils.visualize import GREEN, YELLOW, as_rgb, draw_polygons

Pictures = list[tuple[str, np.ndarray]]

_BEHIND = 0.75  # brightness of the image behind a map
_NOT_COUNTED = 0.4  # brightness where a mask is 0
_OPACITY = 0.6
_FILLED = (60, 230, 255)  # cyan: stands out from polygons and from most photographs
_MOST_LAYERS = 8  # maps of one column that has several


def displayed(image: np.ndarray, ops: Sequence[Any]) -> np.ndarray:
    """The image of a finished sample as a picture, (H, W, 3) uint8 RGB.

    Args:
        image: (H, W, C) or (C, H, W) with 1 or 3 channels, uint8 or float.
        ops: pipeline that made it, as in a configuration; its NormalizeImage is undone.
    """
    named = list(ops_of({"transform_pipeline": ops}))
    pixels = np.asarray(image)
    planes_first = pixels.ndim == 3 and pixels.shape[0] in (1, 3)
    if planes_first and (pixels.shape[2] not in (1, 3) or any(name == "ToCHWImage" for name, _ in named)):
        pixels = pixels.transpose(1, 2, 0)
    normalize = [NormalizeImage(**args) for name, args in named if name == "NormalizeImage"]
    for op in normalize:
        pixels = pixels * np.array(op.std, dtype=np.float32) + np.array(op.mean, dtype=np.float32)
    if not normalize and pixels.dtype != np.uint8 and pixels.size:
        low, high = float(pixels.min()), float(pixels.max())
        if low < 0 or high <= 1:  # some other normalisation: show its whole range
            pixels = (pixels - low) * (255 / max(high - low, 1e-9))
    picture = as_rgb(np.clip(np.rint(pixels), 0, 255))
    decoded = [args.get("img_mode", "BGR") for name, args in named if name == "DecodeImage"]
    swaps = (decoded == ["BGR"]) + sum(op.swap for op in normalize)
    return np.ascontiguousarray(picture[..., ::-1]) if swaps % 2 else picture


def texts_of(sample: Mapping[str, Any], scale: tuple[float, float] = (1, 1)) -> tuple[list[np.ndarray], np.ndarray]:
    """Polygons of a sample and whether each is ignored, (N,) bool; both empty if it has none.

    Args:
        sample: finished sample with all keys.
        scale: (x, y) by which polygons are multiplied.
    """
    polys = [np.asarray(poly, dtype=np.float64) * scale for poly in sample.get("polys", ())]
    ignored = np.asarray(sample.get("ignore_tags", [False] * len(polys)), dtype=bool)
    return polys, ignored


def pictures_of(
    image: np.ndarray, polys: Sequence[np.ndarray], ignored: np.ndarray, maps: Sequence[tuple[str, np.ndarray]]
) -> Pictures:
    """Titles and pictures of a sample: the image with its texts, and each map with its mask over the image.

    Texts that count are green, ignored ones yellow. Where a mask is 0 the picture is dark.

    Args:
        image: (H, W, 3) uint8 RGB.
        polys: polygons in pixels of the image.
        ignored: (N,) bool.
        maps: see :func:`maps_of`.
    """
    thickness = _thickness(image)
    texts = draw_polygons(image, [p for p, i in zip(polys, ignored) if i], color=YELLOW, thickness=thickness)
    counted = [p for p, i in zip(polys, ignored) if not i]
    pictures = [("texts", draw_polygons(texts, counted, color=GREEN, thickness=thickness))]
    waiting: tuple[str, np.ndarray] | None = None
    for name, values in maps:
        if _is_mask(name, values):
            title, shown = waiting or ("", np.zeros(0))
            drawn = _draw(image, shown, values) if waiting else _darkened(image, values)
            pictures.append((f"{title} with {name}" if waiting else name, drawn))
            waiting = None
            continue
        if waiting:
            pictures.append((waiting[0], _draw(image, waiting[1], None)))
        waiting = name, values
    if waiting:
        pictures.append((waiting[0], _draw(image, waiting[1], None)))
    return pictures


def maps_of(sample: Mapping[str, Any], columns: Sequence[str], size: tuple[int, int]) -> list[tuple[str, np.ndarray]]:
    """Name and (H, W) array of every map of a sample, in the order of ``columns``.

    Args:
        sample: finished sample.
        columns: keys that training passes to the loss.
        size: (h, w) of its image.
    """
    maps: list[tuple[str, np.ndarray]] = []
    for column in columns:
        values = sample[column]
        if column == "image" or not isinstance(values, np.ndarray) or not np.issubdtype(values.dtype, np.number):
            continue
        layers = [(column, values)] if values.ndim == 2 else _layers(column, values)
        for name, layer in layers:
            if _covers(layer.shape, size):
                maps.append((name, cv2.resize(layer, size[::-1], interpolation=cv2.INTER_NEAREST)))
    return maps


def _layers(column: str, values: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    if values.ndim == 3:
        for i, layer in enumerate(values[:_MOST_LAYERS]):
            yield f"{column}[{i}]", layer


def _covers(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Whether a map has the size of the image, or a whole fraction of it."""
    (h, w), (height, width) = shape, size
    return min(h, w) > 0 and height % h == 0 and width % w == 0 and height // h == width // w


def _is_mask(name: str, values: np.ndarray) -> bool:
    return "mask" in name.split("[")[0].split("_") and bool(np.isin(values, (0, 1)).all())


def _draw(image: np.ndarray, values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """A map over the image: 0 and 1 as an area, other values in the colours of a heat map."""
    behind = np.rint(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) * _BEHIND)
    values = np.nan_to_num(values.astype(np.float32))
    if np.isin(values, (0, 1)).all():
        color, share = np.array(_FILLED, dtype=np.float32), values * _OPACITY
    else:
        low, high = float(values.min()), float(values.max())
        level = (values - low) / max(high - low, 1e-9)
        heat = cv2.applyColorMap(np.rint(level * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
        color, share = heat[..., ::-1].astype(np.float32), np.minimum(level * 2, 1) * _OPACITY
        if mask is not None:
            share = np.full_like(level, _OPACITY) * mask  # a mask tells where low values matter
    picture = behind * (1 - share[..., None]) + color * share[..., None]
    drawn = np.rint(picture).astype(np.uint8)
    return drawn if mask is None else _darkened(drawn, mask)


def _darkened(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The picture, dark where the mask is 0, with a line around such areas if they are the smaller part."""
    counted = mask.astype(bool)
    dark = np.where(counted[..., None], image, np.rint(image * _NOT_COUNTED)).astype(np.uint8)
    if counted.mean() > 0.5:
        outlines, _ = cv2.findContours(1 - counted.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(dark, outlines, -1, YELLOW, _thickness(image))
    return dark


def _thickness(image: np.ndarray) -> int:
    """Pixels of a line that is still visible when the picture is reduced for a sheet."""
    return max(1, round(max(image.shape[:2]) / 320))
