"""Reading of images from files, rotated upright by their EXIF data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.errors import ConfigError
from mindocr.images.alpha import Alpha, background
from mindocr.images.pages import DPI, DPI_RANGE
from mindocr.images.read import MAX_PIXELS, Picture, as_picture, decode, decoding_flags, open_image, read_file
from mindocr.images.read import read_image as read_image  # scripts import it from this module
from mindocr.registry import TRANSFORMS


class Store(Protocol):
    """Interface of a cache for DecodeImage.

    Attributes:
        holds_pixels: True = decoded images (H, W, 3), False = bytes of files (N,).
    """

    holds_pixels: bool

    def get(self, path: str, form: str) -> np.ndarray | None:
        """The cached content of a file, uint8, read-only; None if it is not cached.

        Args:
            path: the file.
            form: decoding settings, which separate the entries of several pipelines in one cache.
        """

    def put(self, path: str, form: str, content: np.ndarray) -> None:
        """Store the content of a file, if there is room."""


@TRANSFORMS.register
class DecodeImage:
    """Read the image file ``img_path``, unless the data set provides the crop that ``CropTextLine`` would make of it.

    If geometric ops follow, a pipeline decodes a JPEG only after they have drawn their parameters, and at 1/2, 1/4 or
    1/8 of its size if they reduce it accordingly. This changes neither the parameters nor the polygons.

    Values of 16 bits become 8, see :func:`mindocr.images.depth.to_eight_bits`.

    Args:
        img_mode: channel order.
        channel_first: return (3, H, W) instead of (H, W, 3); other ops expect (H, W, 3) unless stated otherwise.
        to_float32: return float32 in 0-255 instead of uint8.
        ignore_orientation: do not rotate the image by its EXIF data. Labels must have been made in the same way.
        keep_ori: also keep the image as ``image_ori``, (H, W, 3) uint8, for drawing results.
        max_pixels: an image with more pixels is an error before decoding, as a small file can contain a huge image.
        alpha: background behind transparent parts: ``white``, ``black``, or a colour [red, green, blue] with values
            from 0 to 255; ``drop`` ignores the opacity, so the colour stored in transparent parts is visible.
        dpi: pixels per inch at which pages of PDF files are rendered.

    Attributes:
        cache: used before a file is read and filled after; None = every image is read each time.
    """

    reads = ("img_path",)
    writes: tuple[str, ...] = ("image",)

    def __init__(
        self,
        img_mode: Literal["BGR", "RGB"] = "BGR",
        channel_first: bool = False,
        to_float32: bool = False,
        ignore_orientation: bool = False,
        keep_ori: bool = False,
        max_pixels: int = MAX_PIXELS,
        alpha: Alpha = "white",
        dpi: float = DPI,
    ) -> None:
        if not DPI_RANGE[0] <= dpi <= DPI_RANGE[1]:
            raise ConfigError(f"DecodeImage: dpi: expected {DPI_RANGE[0]} to {DPI_RANGE[1]}, got {dpi}")
        self.dpi = dpi
        self.max_pixels = max_pixels
        self.channel_first = channel_first
        self.to_float32 = to_float32
        self.keep_ori = keep_ori
        self.ignore_orientation = ignore_orientation
        if keep_ori:
            self.writes = ("image", "image_ori")
        self.cache: Store | None = None
        self._flags = decoding_flags(img_mode == "RGB", ignore_orientation)
        self._background = background(alpha)

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Conditions that types cannot express, see :meth:`mindocr.registry.Registry.check`."""
        try:
            background(arguments.get("alpha", "white"))
        except ConfigError as error:
            return [("alpha", str(error).removeprefix("alpha: "))]
        return []

    @property
    def can_wait(self) -> bool:
        """Whether decoding can wait: geometric ops then need only the image size."""
        return not (self.channel_first or self.to_float32 or self.keep_ori)

    def open(self, sample: DetSample) -> Picture:
        """Open the image; it is decoded only if its size cannot be read from the header."""
        path = sample["img_path"]
        if self.cache is None:
            return open_image(path, read_file(path, self.max_pixels, self.dpi), self._flags, self._background)
        form = f"flags {self._flags}, background {self._background}" if self.cache.holds_pixels else "file"
        held = self.cache.get(path, form)
        if self.cache.holds_pixels:
            if held is None:
                held = decode(path, read_file(path, self.max_pixels, self.dpi), self._flags, self._background)
                self.cache.put(path, form, held)
            return as_picture(held)
        if held is None:
            content = read_file(path, self.max_pixels, self.dpi)
            self.cache.put(path, form, np.frombuffer(content, dtype=np.uint8))
            return open_image(path, content, self._flags, self._background)
        return open_image(path, held.tobytes(), self._flags, self._background)

    def _decoded(self, path: str) -> np.ndarray:
        """The image of a file, without the steps that let decoding wait: a word of a few pixels is decoded faster."""
        return decode(path, read_file(path, self.max_pixels, self.dpi), self._flags, self._background)

    def __call__(self, sample: DetSample) -> DetSample:
        if "crop" in sample:
            return sample
        original = self._decoded(sample["img_path"]) if self.cache is None else self.open(sample).decode(1)
        image = original.transpose(2, 0, 1) if self.channel_first else original
        decoded: DetSample = {**sample, "image": image.astype(np.float32) if self.to_float32 else image}
        if self.keep_ori:
            decoded["image_ori"] = original
        return decoded
