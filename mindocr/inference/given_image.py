"""Images that are given as arrays, in place of files."""

from __future__ import annotations

import threading

import numpy as np

from mindocr.errors import DataError
from mindocr.images.alpha import Alpha, background, composite
from mindocr.utils.visualize import as_rgb


def as_image(image: np.ndarray, name: str, alpha: Alpha = "white") -> np.ndarray:
    """Check an array and return it as an image (H, W, 3) uint8.

    Args:
        alpha: background for transparent parts, see :func:`mindocr.images.alpha.background`.

    Raises:
        DataError: the array is not an image; the message states what to do.
    """
    shape = image.shape
    if image.dtype != np.uint8:
        raise DataError(
            f"{name}: expected uint8 values from 0 to 255, got {image.dtype}; convert it; for values from 0 to 1 use "
            "(image * 255).astype(numpy.uint8)"
        )
    if 0 in shape:
        raise DataError(f"{name}: the array is empty, its shape is {shape}")
    if image.ndim == 2:
        return as_rgb(image)
    if image.ndim == 3 and shape[2] == 3:
        return image
    if image.ndim == 3 and shape[2] == 4:
        behind = background(alpha)
        return image[..., :3] if behind is None else composite(image[..., :3], image[..., 3], behind)
    if image.ndim == 3 and shape[2] == 1:
        return as_rgb(image[..., 0])
    advice = "expected (H, W, 3) RGB, (H, W, 4) RGB with opacity, or (H, W) grey"
    if image.ndim == 3 and shape[0] == 3:
        advice += "; move the channels to the end with image.transpose(1, 2, 0)"
    elif image.ndim == 4:
        advice += "; pass several images as a list"
    raise DataError(f"{name}: an array of shape {shape}; {advice}")


class GivenImage(threading.local):
    """Stands in for the cache of DecodeImage, to pass an array instead of a file.

    Attributes:
        image: (H, W, 3) uint8 in the channel order that the pipeline decodes to; None = read the file.
    """

    holds_pixels = True
    image: np.ndarray | None = None

    def get(self, path: str, form: str) -> np.ndarray | None:
        """Return the image, for any path."""
        return self.image

    def put(self, path: str, form: str, content: np.ndarray) -> None:
        """Do nothing: images from files are not stored."""
