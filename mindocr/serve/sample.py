"""An image with a word, to try a model with."""

from __future__ import annotations

import cv2
import numpy as np

WORD = "MARKET"


def sign() -> np.ndarray:
    """A white image (96, 256, 3) uint8 RGB with a dark word."""
    image = np.full((96, 256, 3), 255, np.uint8)
    cv2.putText(image, WORD, (30, 65), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (30, 30, 120), 4, cv2.LINE_AA)
    return image
