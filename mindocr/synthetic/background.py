"""Backgrounds of scenes: walls with gradients, textures, patterns, panels and clutter that is not text."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.images.folder import walk_files
from mindocr.images.read import IMAGE_SUFFIXES, read_image
from mindocr.synthetic.options import SceneOptions

PHOTO_SUFFIXES = IMAGE_SUFFIXES


def find_photos(background_dir: str | Path | None) -> tuple[str, ...]:
    """Image files below ``background_dir``, sorted; none when it is None.

    Raises:
        DataError: no such folder, or no image in it.
    """
    if background_dir is None:
        return ()
    folder = Path(background_dir)
    if not folder.is_dir():
        raise DataError(f"background_dir: {folder} is not a folder; expected a folder with photographs without text")
    photos = tuple(str(p) for p in sorted(walk_files(folder)) if p.suffix.lower() in PHOTO_SUFFIXES and p.is_file())
    if not photos:
        raise DataError(f"background_dir: no image ({', '.join(PHOTO_SUFFIXES)}) in {folder}")
    return photos


def make_background(rng: np.random.Generator, options: SceneOptions, photos: tuple[str, ...] = ()) -> np.ndarray:
    """A background without text.

    Args:
        rng: source of every random number.
        options: size and difficulty.
        photos: real photographs; if not empty, three of four backgrounds are crops of them.

    Returns:
        (H, W, 3) float32, RGB, 0-255.

    Raises:
        DataError: a photograph cannot be decoded.
    """
    if photos and rng.random() < 0.75:
        return photo_crop(rng, photos[rng.integers(len(photos))], options.image_size)
    image = make_wall(rng, options.image_size, options.ranges.texture, options.scale)
    for _ in range(rng.integers(0, 3)):
        _add_panel(rng, image, options)
    if rng.random() < 0.5:
        image = add_pattern(rng, image, options.ranges.texture, options.scale)
    add_clutter(rng, image, int(rng.integers(0, options.ranges.clutter + 1)), options.scale)
    return image


def random_colour(rng: np.random.Generator, saturation: float = 0.6) -> np.ndarray:
    """(3,) float32 RGB, 0-255; mostly greyish, like walls; the largest saturation is ``saturation``."""
    value = rng.uniform(25, 245)
    tint = rng.random(3) - 0.5
    strength = saturation * rng.random() ** 1.5
    return np.clip(value * (1 + 1.6 * strength * tint), 0, 255).astype(np.float32)


def smooth_noise(rng: np.random.Generator, size: tuple[int, int], cells: int) -> np.ndarray:
    """(H, W) float32 in about [-1, 1], with ``cells`` random bumps along the shorter side."""
    height, width = size
    unit = min(size) / cells
    grid = (max(round(height / unit), 1) + 1, max(round(width / unit), 1) + 1)
    bumps = rng.random(grid, dtype=np.float32) * 2 - 1
    return cv2.resize(bumps, (width, height), interpolation=cv2.INTER_CUBIC)


def make_wall(rng: np.random.Generator, size: tuple[int, int], texture: float, scale: float) -> np.ndarray:
    """Two colours blended by a gradient and clouds, plus grain.

    Args:
        rng: source of every random number.
        size: (height, width) in pixels.
        texture: strength of clouds and grain, 0-1.
        scale: factor of lengths, relative to a shorter side of 320.

    Returns:
        (H, W, 3) float32 RGB, about 0-255.
    """
    first, second = random_colour(rng), random_colour(rng)
    second = first + (second - first) * rng.uniform(0.1, 0.8) * texture
    height, width = size
    half = (height // 2 + 1, width // 2 + 1)  # clouds are smooth, so half the resolution is enough
    angle = rng.uniform(0, 2 * np.pi)
    x = np.linspace(-0.5, 0.5, half[1], dtype=np.float32)[None]
    y = np.linspace(-0.5, 0.5, half[0], dtype=np.float32)[:, None]
    blend = 0.5 + np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    clouds = texture * rng.uniform(0.1, 0.9)
    for octave in range(4):
        blend += np.float32(clouds / (octave + 1.5)) * smooth_noise(rng, half, int(3 * 2.2**octave))
    np.clip(blend, 0, 1, out=blend)
    image = cv2.resize(blend[..., None] * (second - first) + first, (width, height), interpolation=cv2.INTER_LINEAR)
    grain = texture * rng.uniform(0, 14)
    if grain > 2:
        fine = rng.integers(-128, 128, size, dtype=np.int8).astype(np.float32)
        if rng.random() < 0.4:  # brushed or wooden: grain stretched in one direction
            length = int(rng.integers(7, 25) * scale)
            kernel = (length, 1) if rng.random() < 0.5 else (1, length)
            fine = np.multiply(cv2.blur(fine, kernel), length**0.5, dtype=np.float32)
        else:
            fine = np.multiply(cv2.GaussianBlur(fine, (0, 0), 0.8 * scale), 2, dtype=np.float32)
        image += (np.float32(grain / 80) * fine)[..., None]
    return image


def _add_panel(rng: np.random.Generator, image: np.ndarray, options: SceneOptions) -> None:
    """A rectangle of another material: a door, a window, the next house."""
    height, width = image.shape[:2]
    h, w = int(height * rng.uniform(0.25, 0.9)), int(width * rng.uniform(0.2, 0.7))
    y, x = int(rng.integers(-h // 3, height - h // 2)), int(rng.integers(-w // 3, width - w // 2))
    top, left, bottom, right = max(y, 0), max(x, 0), min(y + h, height), min(x + w, width)
    part = make_wall(rng, (bottom - top, right - left), options.ranges.texture, options.scale)
    image[top:bottom, left:right] = part
    if rng.random() < 0.6:
        edge = random_colour(rng).tolist()
        cv2.rectangle(image, (x, y), (x + w, y + h), edge, int(rng.integers(1, 6) * options.scale) or 1)


def add_pattern(rng: np.random.Generator, image: np.ndarray, texture: float, scale: float) -> np.ndarray:
    """The wall (H, W, 3) with stripes, tiles, bricks or dots in perspective; arguments as for :func:`make_wall`."""
    height, width = image.shape[:2]
    period = rng.uniform(14, 70) * scale
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)]) + rng.normal(0, 0.05)
    tilt = rng.uniform(-0.4, 0.4, 2)
    x = np.arange(width, dtype=np.float32)[None] - width / 2
    y = np.arange(height, dtype=np.float32)[:, None] - height / 2
    depth = (1 + (tilt[0] / width) * x + (tilt[1] / height) * y).astype(np.float32)
    cos, sin = np.float32(np.cos(angle) / period), np.float32(np.sin(angle) / period)
    u, v = (x * cos + y * sin) / depth, (y * cos - x * sin) / depth
    line = np.float32(rng.uniform(0.04, 0.2))
    kind = rng.integers(5)
    if kind == 0:  # soft stripes, such as corrugated iron
        layer = 0.5 + 0.5 * np.sin(np.float32(2 * np.pi) * u)
    elif kind == 1:  # hard stripes
        layer = _part(u) < rng.uniform(0.2, 0.6)
    elif kind == 2:  # tiles
        layer = (_part(u) < line) | (_part(v) < line)
    elif kind == 3:  # bricks
        row = np.floor(v)
        layer = (_part(0.5 * (u + row)) < line / 2) | (v - row < line)
    else:  # dots
        layer = (_part(u) - 0.5) ** 2 + (_part(v) - 0.5) ** 2 < rng.uniform(0.02, 0.1)
    strength = np.float32(texture * rng.uniform(0.1, 0.6))
    layer = cv2.GaussianBlur(layer.astype(np.float32), (0, 0), 0.7)[..., None] * strength
    return image + layer * (random_colour(rng) - image)


def _part(values: np.ndarray) -> np.ndarray:
    """Fractional part; several times faster than the remainder by 1."""
    return values - np.floor(values)


def add_clutter(rng: np.random.Generator, image: np.ndarray, count: int, scale: float) -> None:
    """Bars, frames, ellipses, polygons, arcs and scratches, drawn in place."""
    height, width = image.shape[:2]
    for _ in range(count):
        colour = random_colour(rng, 1.0).tolist()
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        reach = rng.uniform(0.05, 0.35, 2) * min(height, width)
        other = (int(centre[0] + reach[0] * rng.choice([-1, 1])), int(centre[1] + reach[1] * rng.choice([-1, 1])))
        thin = max(int(rng.integers(1, 5) * scale), 1)
        axes = (int(reach[0]) // 2 + 1, int(reach[1]) // 2 + 1)
        kind = rng.integers(7)
        if kind == 0:
            cv2.line(image, centre, other, colour, thin, cv2.LINE_AA)
        elif kind == 1:
            far = (centre[0] + (width if rng.random() < 0.5 else 0), centre[1] + int(rng.normal(0, 0.2) * height))
            cv2.line(image, (centre[0] - width, centre[1]), far, colour, 3 * thin, cv2.LINE_AA)
        elif kind == 2:
            cv2.rectangle(image, centre, other, colour, thin if rng.random() < 0.5 else cv2.FILLED)
        elif kind == 3:
            fill = thin if rng.random() < 0.4 else cv2.FILLED
            cv2.ellipse(image, centre, axes, rng.uniform(0, 180), 0, 360, colour, fill, cv2.LINE_AA)
        elif kind == 4:
            start = rng.uniform(0, 360)
            cv2.ellipse(image, centre, axes, 0, start, start + rng.uniform(40, 200), colour, thin, cv2.LINE_AA)
        elif kind == 5:
            corners = np.array(centre) + rng.uniform(-0.6, 0.6, (int(rng.integers(3, 7)), 2)) * reach
            cv2.fillPoly(image, [corners.astype(np.int32)], colour, cv2.LINE_AA)
        else:  # a scratch or a twig
            walk = np.cumsum(rng.normal(0, 6 * scale, (int(rng.integers(5, 20)), 2)), axis=0) + centre
            cv2.polylines(image, [walk.astype(np.int32)], False, colour, max(thin // 2, 1), cv2.LINE_AA)


def photo_crop(rng: np.random.Generator, path: str, size: tuple[int, int]) -> np.ndarray:
    """A random crop (H, W, 3) float32 of a photograph, resized to ``size``, mirrored with probability 0.5.

    It has at least half the largest possible size.

    Raises:
        DataError: the photograph cannot be decoded.
    """
    photo = _load_photo(path)
    height, width = photo.shape[:2]
    fit = min(height / size[0], width / size[1]) * rng.uniform(0.5, 1.0)
    h, w = max(int(size[0] * fit), 1), max(int(size[1] * fit), 1)
    y, x = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
    shrinks = fit > 1
    part = cv2.resize(
        photo[y : y + h, x : x + w], size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return (part[:, ::-1] if rng.random() < 0.5 else part).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _load_photo(path: str) -> np.ndarray:
    try:
        return read_image(path)
    except DataError as error:
        reason = str(error).removeprefix(f"{path}: ").partition(";")[0]
        raise DataError(f"background_dir: {path} cannot be decoded ({reason}); remove it or save it again") from None
