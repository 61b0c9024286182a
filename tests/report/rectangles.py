"""Rectangles as polygons."""

import numpy as np


def rect(x0, y0, x1, y1):
    """Four corners (4, 2) from two opposite ones, pixels."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float64)
