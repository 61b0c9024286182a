"""Random flip, rotation and scale, as matrices in continuous coordinates (see ``warp.py``).

Deliberate differences from MindOCR: pixels and polygons use the same matrix (in MindOCR, flip and scale shift them
by half a pixel relative to each other); rotation angles are real numbers, as in the authors' code, not whole degrees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.protocol import GeometricOp, image_size
from mindocr.errors import ConfigError
from mindocr.images.headers import Size
from mindocr.registry import TRANSFORMS


@TRANSFORMS.register
class RandomHorizontalFlip(GeometricOp):
    """Mirror the image horizontally.

    Args:
        p: probability, in [0, 1].
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = check_probability("RandomHorizontalFlip", p)

    def draw(self, rng: np.random.Generator, sample: DetSample) -> bool:
        """Whether to flip."""
        return bool(rng.random() < self.p)

    def matrix(self, params: bool, sample: DetSample) -> tuple[np.ndarray, Size]:
        h, w = image_size(sample)
        return (np.array([[-1, 0, w], [0, 1, 0], [0, 0, 1]], dtype=float) if params else np.eye(3)), (h, w)


@TRANSFORMS.register
class RandomRotate(GeometricOp):
    """Rotate the image about its centre; new corners are black.

    Args:
        degrees: smallest and largest angle, drawn uniformly; positive = counter-clockwise on the screen.
        expand_canvas: enlarge the image so that nothing is cut off; False keeps its size.
        p: probability, in [0, 1].
    """

    def __init__(self, degrees: Sequence[float] = (-10, 10), expand_canvas: bool = True, p: float = 1.0) -> None:
        self.degrees = check_range("RandomRotate", "degrees", degrees)
        self.expand_canvas = expand_canvas
        self.p = check_probability("RandomRotate", p)

    def draw(self, rng: np.random.Generator, sample: DetSample) -> float:
        """Angle in degrees; 0 when the image is not rotated."""
        chance, angle = rng.random(), rng.uniform(*self.degrees)
        return float(angle) if chance < self.p else 0.0

    def matrix(self, params: float, sample: DetSample) -> tuple[np.ndarray, Size]:
        h, w = image_size(sample)
        cos, sin = math.cos(math.radians(params)), math.sin(math.radians(params))
        new_h, new_w = h, w
        if self.expand_canvas:  # the small number prevents an extra pixel from rounding errors
            new_h = math.ceil(h * abs(cos) + w * abs(sin) - 1e-6)
            new_w = math.ceil(w * abs(cos) + h * abs(sin) - 1e-6)
        shift_x = new_w / 2 - cos * w / 2 - sin * h / 2
        shift_y = new_h / 2 + sin * w / 2 - cos * h / 2
        return np.array([[cos, sin, shift_x], [-sin, cos, shift_y], [0, 0, 1]]), (new_h, new_w)


@TRANSFORMS.register
class RandomScale(GeometricOp):
    """Scale both sides by one factor.

    Args:
        scale_range: smallest and largest factor, drawn uniformly; above 0.
        p: probability, in [0, 1].
        size_limits: smallest short side and largest long side in pixels after scaling; the factor is limited to them,
            and the limit of the long side has priority. An image that is already outside is not scaled.
    """

    def __init__(self, scale_range: Sequence[float], p: float = 0.5, size_limits: Sequence[int] | None = None) -> None:
        self.scale_range = check_range("RandomScale", "scale_range", scale_range, above=0)
        self.p = check_probability("RandomScale", p)
        self.size_limits = None
        if size_limits is not None:
            self.size_limits = check_range("RandomScale", "size_limits", size_limits, above=0)

    def draw(self, rng: np.random.Generator, sample: DetSample) -> float:
        """The factor; 1 when the image is not scaled."""
        chance, scale = rng.random(), float(rng.uniform(*self.scale_range))
        if chance >= self.p:
            return 1.0
        if self.size_limits is not None:
            h, w = image_size(sample)
            smallest, largest = self.size_limits
            scale = max(scale, min(smallest / min(h, w), 1.0))
            scale = min(scale, max(largest / max(h, w), 1.0))
        return scale

    def matrix(self, params: float, sample: DetSample) -> tuple[np.ndarray, Size]:
        h, w = image_size(sample)
        return np.diag([params, params, 1.0]), (max(round(h * params), 1), max(round(w * params), 1))


def check_probability(op: str, p: float) -> float:
    """Check a probability and return it.

    Raises:
        ConfigError: ``p`` is outside [0, 1].
    """
    if not 0 <= p <= 1:
        raise ConfigError(f"{op}: p must be a probability in [0, 1], got {p}")
    return p


def check_range(op: str, key: str, limits: Sequence[float], above: float = -math.inf) -> tuple[float, float]:
    """Check two limits and return them.

    Raises:
        ConfigError: they are not two finite numbers in ascending order, each above ``above``.
    """
    if len(limits) != 2 or not all(math.isfinite(v) and v > above for v in limits) or limits[0] > limits[1]:
        bound = f" above {above}" if math.isfinite(above) else ""
        raise ConfigError(f"{op}: {key} must be two ascending numbers{bound} [smallest, largest], got {list(limits)}")
    return limits[0], limits[1]
