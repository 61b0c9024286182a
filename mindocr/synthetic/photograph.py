"""What a camera adds to a painted image: uneven light, blur and noise."""

from __future__ import annotations

import cv2
import numpy as np

from mindocr.synthetic.background import smooth_noise
from mindocr.synthetic.options import Difficulty


def photograph(
    rng: np.random.Generator, image: np.ndarray, ranges: Difficulty, scale: float, smallest: float
) -> np.ndarray:
    """Add uneven light, blur that keeps the smallest letters readable, and noise.

    Args:
        rng: source of every random number.
        image: (H, W, 3) float32 RGB, 0-255; changed in place.
        ranges: largest blur and noise.
        scale: factor of lengths, relative to a shorter side of 320.
        smallest: height of the smallest readable letters, pixels.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    size = (image.shape[0], image.shape[1])
    light = 1 + np.float32(rng.uniform(0, 0.22)) * smooth_noise(rng, size, 2)
    if rng.random() < 0.2:  # the edge of a shadow across the image
        height, width = size
        edge = np.float32(rng.uniform(0.55, 0.8))
        x = np.arange(width, dtype=np.float32)[None] - np.float32(rng.uniform(0.1, 0.9) * width)
        y = np.arange(height, dtype=np.float32)[:, None] - np.float32(rng.uniform(0.1, 0.9) * height)
        angle = rng.uniform(0, 2 * np.pi)
        side = (x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))) / np.float32(4 * scale)
        light *= edge + (1 - edge) * np.clip(side + 0.5, 0, 1)
    image *= light[..., None]
    blur = rng.uniform(0, min(ranges.blur * scale, 0.055 * smallest))
    if blur > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    noise = rng.uniform(0, ranges.noise)
    if noise > 1:
        # grey noise plus a shifted copy in one channel: coloured noise at the cost of grey noise
        field = rng.standard_normal(size, dtype=np.float32) * np.float32(noise)
        image += field[..., None]
        image[..., rng.integers(3)] += 0.7 * np.roll(field, 7, axis=1)
    return np.clip(image, 0, 255, out=image).astype(np.uint8)
