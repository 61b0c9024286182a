"""RandAugment (Cubuk et al., NeurIPS 2020): a few random operations at one common strength."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.geometric import check_probability
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import ConfigError
from mindocr.registry import TRANSFORMS

GREY = (128, 128, 128)  # fills what geometric operations uncover
_LUMA = np.array([299, 587, 114])  # thousandths, of red, green and blue
_LEVELS = 10

Drawn = list[tuple[str, float]]


def auto_contrast(image: np.ndarray, _: float = 0.0) -> np.ndarray:
    """Stretch each channel of (H, W, 3) uint8 to 0-255; a channel of one value stays."""
    low, high = image.min(axis=(0, 1)).astype(np.float64), image.max(axis=(0, 1)).astype(np.float64)
    scale = np.where(high > low, 255.0 / np.maximum(high - low, 1), 1.0)
    low = np.where(high > low, low, 0.0)
    table = np.clip((np.arange(256)[:, None] - low) * scale, 0, 255).astype(np.uint8)
    return cv2.LUT(image, table[None])


def equalize(image: np.ndarray, _: float = 0.0) -> np.ndarray:
    """Even out the histogram of each channel of (H, W, 3) uint8; a channel of one value stays."""
    tables = []
    for channel in range(3):
        counts = np.bincount(image[..., channel].ravel(), minlength=256)
        present = counts[counts > 0]
        step = int(present[:-1].sum()) // 255
        if step == 0:
            tables.append(np.arange(256))
            continue
        before = np.concatenate([[0], np.cumsum(counts)[:-1]])
        tables.append(np.minimum((step // 2 + before) // step, 255))
    return cv2.LUT(image, np.stack(tables, axis=1).astype(np.uint8)[None])


def invert(image: np.ndarray, _: float = 0.0) -> np.ndarray:
    """255 minus each value."""
    return 255 - image


def posterize(image: np.ndarray, bits: float) -> np.ndarray:
    """Keep only the first ``bits`` bits of each value, at least one."""
    kept = max(int(bits), 1)
    return image & np.uint8(256 - 2 ** (8 - kept))


def solarize(image: np.ndarray, threshold: float) -> np.ndarray:
    """Invert the values from ``threshold`` on."""
    return np.where(image < threshold, image, 255 - image)


def colour(image: np.ndarray, change: float) -> np.ndarray:
    """Saturation times 1 + ``change``; grey is that of an RGB image."""
    return _blend(_grey(image)[..., None], image, change)


def contrast(image: np.ndarray, change: float) -> np.ndarray:
    """Distance of each value from the mean grey times 1 + ``change``."""
    return _blend(np.float32(round(float(_grey(image).mean()))), image, change)


def brightness(image: np.ndarray, change: float) -> np.ndarray:
    """Each value times 1 + ``change``."""
    return _blend(np.float32(0), image, change)


def sharpness(image: np.ndarray, change: float) -> np.ndarray:
    """Distance of each value from a smoothed image times 1 + ``change``; pixels at the border stay."""
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13
    smooth = cv2.filter2D(image, -1, kernel)
    for edge in (np.s_[:1], np.s_[-1:], np.s_[:, :1], np.s_[:, -1:]):
        smooth[edge] = image[edge]
    return _blend(smooth.astype(np.float32), image, change)


def shear_x(image: np.ndarray, value: float) -> np.ndarray:
    """Move each row by ``value`` times its distance from the top, in pixels."""
    return _affine(image, [[1, value, 0], [0, 1, 0]])


def shear_y(image: np.ndarray, value: float) -> np.ndarray:
    """Move each column by ``value`` times its distance from the left, in pixels."""
    return _affine(image, [[1, 0, 0], [value, 1, 0]])


def translate_x(image: np.ndarray, share: float) -> np.ndarray:
    """Move by ``share`` of the width."""
    return _affine(image, [[1, 0, share * image.shape[1]], [0, 1, 0]])


def translate_y(image: np.ndarray, share: float) -> np.ndarray:
    """Move by ``share`` of the height."""
    return _affine(image, [[1, 0, 0], [0, 1, share * image.shape[0]]])


def rotate(image: np.ndarray, degrees: float) -> np.ndarray:
    """Turn around the middle, anticlockwise."""
    h, w = image.shape[:2]
    return _affine(image, cv2.getRotationMatrix2D(((w - 1) / 2, (h - 1) / 2), degrees, 1.0))


# What to do, its value at the highest level, and whether the value has a random sign
OPERATIONS: dict[str, tuple[Callable[[np.ndarray, float], np.ndarray], float, bool]] = {
    "auto_contrast": (auto_contrast, 0.0, False),
    "equalize": (equalize, 0.0, False),
    "invert": (invert, 0.0, False),
    "posterize": (posterize, 4.0, False),
    "solarize": (solarize, 256.0, False),
    "colour": (colour, 0.9, True),
    "contrast": (contrast, 0.9, True),
    "brightness": (brightness, 0.9, True),
    "sharpness": (sharpness, 0.9, True),
    "rotate": (rotate, 30.0, True),
    "shear_x": (shear_x, 0.3, True),
    "shear_y": (shear_y, 0.3, True),
    "translate_x": (translate_x, 150 / 331, True),
    "translate_y": (translate_y, 150 / 331, True),
}


@TRANSFORMS.register
class RandAugment:
    """With probability ``p``, apply ``layers`` operations, drawn from 14 with replacement, at one strength.

    As in PP-OCR's direction classifier: shear, translation, rotation, saturation, contrast, brightness and sharpness
    have a random sign and grow with the magnitude; posterize keeps 4 bits and solarize inverts nothing at magnitude 10,
    so these two are stronger at lower ones. Reads an image (H, W, 3) uint8 in RGB; in BGR only the grey values of
    saturation and contrast differ slightly. Polygons are not moved: put it where the line fills the image.

    Args:
        p: probability that an image is changed at all.
        layers: operations one after the other.
        magnitude: strength from 0 to 10.
    """

    reads = ("image",)
    writes = ("image",)

    def __init__(self, p: float = 0.5, layers: int = 2, magnitude: float = 5) -> None:
        self.p = check_probability("RandAugment", p)
        if layers < 1 or not 0 <= magnitude <= _LEVELS:
            raise ConfigError(
                f"RandAugment: layers must be 1 or more and magnitude between 0 and 10, got {layers} and {magnitude}"
            )
        self.layers, self.magnitude = layers, magnitude

    def draw(self, rng: np.random.Generator, sample: DetSample) -> Drawn:
        """Names of the operations with their values; empty = none."""
        changed = rng.random() < self.p
        names = [list(OPERATIONS)[i] for i in rng.integers(len(OPERATIONS), size=self.layers)]
        signs = rng.choice([-1.0, 1.0], self.layers).tolist()
        if not changed:
            return []
        drawn = []
        for name, sign in zip(names, signs):
            _, highest, signed = OPERATIONS[name]
            drawn.append((name, highest * self.magnitude / _LEVELS * (sign if signed else 1.0)))
        return drawn

    def apply(self, sample: DetSample, params: Drawn) -> DetSample:
        """Apply drawn operations.

        Raises:
            ConfigError: the image is not (H, W, 3) uint8.
        """
        image_size(sample)
        image = sample["image"]
        if image.dtype != np.uint8:
            raise ConfigError(f"RandAugment: expected a uint8 image, got {image.dtype}; put it before NormalizeImage")
        for name, value in params:
            image = OPERATIONS[name][0](image, value)
        return {**sample, "image": image}


def _grey(image: np.ndarray) -> np.ndarray:
    """(H, W) float32 grey values, whole numbers."""
    return np.floor((image.astype(np.int32) @ _LUMA + 500) / 1000).astype(np.float32)


def _blend(weak: np.ndarray | np.float32, image: np.ndarray, change: float) -> np.ndarray:
    """``image``, moved away from ``weak`` (change > 0) or towards it (change < 0), clipped to 0-255."""
    mixed = weak + (image.astype(np.float32) - weak) * np.float32(1 + change)
    return np.clip(mixed, 0, 255).astype(np.uint8)


def _affine(image: np.ndarray, matrix: np.ndarray | list[list[float]]) -> np.ndarray:
    """The image moved by a matrix (2, 3); what is uncovered becomes grey."""
    h, w = image.shape[:2]
    return cv2.warpAffine(
        image, np.asarray(matrix, np.float64), (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT,
        borderValue=GREY,
    )  # fmt: skip
