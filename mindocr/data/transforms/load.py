"""Images from files, turned upright by their EXIF data."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Literal, Protocol

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.headers import is_png, is_whole_png, stated_size, without_animation
from mindocr.data.transforms.jpeg import JpegHeader, is_jpeg, is_whole, read_header
from mindocr.data.transforms.warp import Size
from mindocr.errors import DataError
from mindocr.registry import TRANSFORMS

_REDUCING = {1: 0, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


MAX_PIXELS = 1 << 27  # 0.4 GB once decoded; the largest cameras make a little less


class Store(Protocol):
    """What DecodeImage asks of a cache.

    Attributes:
        holds_pixels: it keeps decoded images (H, W, 3); otherwise the bytes of files (N,).
    """

    holds_pixels: bool

    def get(self, path: str, form: str) -> np.ndarray | None:
        """What is kept for a file, uint8, read-only; None when there is nothing.

        Args:
            path: the file.
            form: how it was decoded; a cache that several pipelines use keeps them apart by it.
        """

    def put(self, path: str, form: str, content: np.ndarray) -> None:
        """Keep it, where there is room."""


@dataclass(frozen=True)
class Picture:
    """An image whose size is known and whose pixels can wait.

    Attributes:
        size: (h, w) of the whole image in pixels.
        decode: gives (ceil(h / factor), ceil(w / factor), 3) uint8 for a factor of 1, 2, 4 or 8; a pixel of the result
            covers ``factor`` x ``factor`` pixels of the image, counted from the top left.
        largest_factor: what ``decode`` can do.
    """

    size: Size
    decode: Callable[[int], np.ndarray]
    largest_factor: int = 1


@TRANSFORMS.register
class DecodeImage:
    """Read the file that ``img_path`` names.

    Where geometric ops follow, a pipeline decodes a JPEG only when they have drawn, and at 1/2, 1/4 or 1/8 of its size
    where they leave no more of it. Neither the draws nor the polygons depend on that.

    Args:
        img_mode: order of the channels.
        channel_first: give (3, H, W) instead of (H, W, 3); the ops that follow want (H, W, 3) unless they say
            otherwise.
        to_float32: give float32, still 0-255, instead of uint8.
        ignore_orientation: leave the image as stored instead of turning it as its EXIF data say. Labels must have
            been made in the same way.
        keep_ori: also keep the image as ``image_ori``, (H, W, 3) uint8, for drawing results.
        max_pixels: an image of more pixels is refused before it is decoded: a small file can announce a huge one.

    Attributes:
        cache: asked before a file is read, told after; None = every image is read each time.
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
    ) -> None:
        self.max_pixels = max_pixels
        self.channel_first = channel_first
        self.to_float32 = to_float32
        self.keep_ori = keep_ori
        if keep_ori:
            self.writes = ("image", "image_ori")
        self.cache: Store | None = None
        self._flags = _flags(img_mode == "RGB", ignore_orientation)

    @property
    def can_wait(self) -> bool:
        """Whether nothing but the size of the image is needed before geometric ops have drawn."""
        return not (self.channel_first or self.to_float32 or self.keep_ori)

    def open(self, sample: DetSample) -> Picture:
        """The image, decoded only as far as its size cannot be told otherwise."""
        path = sample["img_path"]
        if self.cache is None:
            return _open(path, read_file(path, self.max_pixels), self._flags)
        form = f"flags {self._flags}" if self.cache.holds_pixels else "file"
        held = self.cache.get(path, form)
        if self.cache.holds_pixels:
            if held is None:
                held = _decode(path, read_file(path, self.max_pixels), self._flags)
                self.cache.put(path, form, held)
            return _decoded(held)
        if held is None:
            content = read_file(path, self.max_pixels)
            self.cache.put(path, form, np.frombuffer(content, dtype=np.uint8))
            return _open(path, content, self._flags)
        return _open(path, held.tobytes(), self._flags)

    def __call__(self, sample: DetSample) -> DetSample:
        original = self.open(sample).decode(1)
        image = original.transpose(2, 0, 1) if self.channel_first else original
        decoded: DetSample = {**sample, "image": image.astype(np.float32) if self.to_float32 else image}
        if self.keep_ori:
            decoded["image_ori"] = original
        return decoded


def read_image(path: str | Path, *, rgb: bool = True, ignore_orientation: bool = False) -> np.ndarray:
    """Read an image as (H, W, 3) uint8; grey becomes colour, an alpha channel is dropped, 16 bits become 8.

    Args:
        path: the file.
        rgb: order of the channels: RGB, otherwise BGR.
        ignore_orientation: do not turn the image upright by its EXIF data.

    Raises:
        DataError: the file is missing, empty, cut short, too large, or no image that OpenCV can decode.
    """
    return _decode(path, read_file(path), _flags(rgb, ignore_orientation))


def read_file(path: str | Path, max_pixels: int = MAX_PIXELS) -> bytes:
    """The bytes of an image file.

    Raises:
        DataError: the file is missing or empty, a JPEG that was cut short, or announces more pixels than
            ``max_pixels``.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  in half the time of Path.stat
        if not S_ISREG(mode) and not S_ISDIR(mode):  # a pipe would be waited for, /dev/zero read for ever
            raise DataError(f"{path}: not a file but a pipe or a device; check the label file")
        with open(path, "rb") as stream:  # noqa: PTH123  in half the time of Path.read_bytes
            content = stream.read()
    except DataError:
        raise
    except (OSError, ValueError) as error:  # the latter: a name with a NUL
        raise DataError(f"{path}: cannot read this image: {getattr(error, 'strerror', error)}") from None
    if not content:
        raise DataError(f"{path}: this image file is empty (0 bytes); copy it again or remove it from the label file")
    kind = "JPEG" if is_jpeg(content) else "PNG" if is_png(content) else ""
    if (kind == "JPEG" and not is_whole(content)) or (kind == "PNG" and not is_whole_png(content)):
        raise DataError(
            f"{path}: this {kind} ends before its end marker, after {len(content)} bytes: it was cut short; "
            "copy it again or remove it from the label file"
        )
    size = stated_size(content)
    if size is not None and size[0] * size[1] > max_pixels:
        raise DataError(
            f"{path}: {size[1]} x {size[0]} pixels (w x h), {size[0] * size[1]} in all, above the limit of "
            f"{max_pixels}; make the image smaller, or raise max_pixels of DecodeImage in the transform_pipeline"
        )
    return content


def _flags(rgb: bool, ignore_orientation: bool) -> int:
    flags = cv2.IMREAD_COLOR_RGB if rgb else cv2.IMREAD_COLOR
    return flags | cv2.IMREAD_IGNORE_ORIENTATION if ignore_orientation else flags


def _open(path: str, content: bytes, flags: int) -> Picture:
    header = read_header(content) if is_jpeg(content) else None
    if header is None:
        return _decoded(_decode(path, content, flags))
    upright = not flags & cv2.IMREAD_IGNORE_ORIENTATION
    h, w = size = header.size(upright)

    def decode(factor: int) -> np.ndarray:
        image = _decode(path, content, flags | _REDUCING[factor])
        expected = (-(-h // factor), -(-w // factor))
        if image.shape[:2] != expected:
            raise DataError(f"{path}: its headers promise {expected} pixels (h, w), decoding gave {image.shape[:2]}")
        return image

    return Picture(size, decode, _largest_factor(header, upright))


def _decoded(image: np.ndarray) -> Picture:
    return Picture((image.shape[0], image.shape[1]), lambda _: image)


def _largest_factor(header: JpegHeader, upright: bool) -> int:
    """An image that is turned must divide evenly: its last, partly filled pixels would come first."""
    turned = upright and header.orientation > 1
    fitting = [f for f in _REDUCING if not turned or header.height % f == header.width % f == 0]
    return max(fitting)


def _decode(path: str | Path, content: bytes, flags: int) -> np.ndarray:
    try:
        image = cv2.imdecode(np.frombuffer(without_animation(content), dtype=np.uint8), flags)
    except cv2.error as error:
        raise DataError(f"{path}: OpenCV cannot decode this image: {error.err}") from None
    if image is None:
        raise DataError(
            f"{path}: not an image that OpenCV can decode ({len(content)} bytes, beginning with {content[:8]!r}); "
            "convert it to JPEG or PNG, or remove it from the label file"
        )
    return image
