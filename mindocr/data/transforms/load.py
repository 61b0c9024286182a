"""Images from files, turned upright by their EXIF data."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.errors import DataError
from mindocr.registry import TRANSFORMS


@TRANSFORMS.register
class DecodeImage:
    """Read the file that ``img_path`` names.

    Args:
        img_mode: order of the channels.
        channel_first: give (3, H, W) instead of (H, W, 3); the ops that follow want (H, W, 3) unless they say
            otherwise.
        to_float32: give float32, still 0-255, instead of uint8.
        ignore_orientation: leave the image as stored instead of turning it as its EXIF data say. Labels must have
            been made in the same way.
        keep_ori: also keep the image as ``image_ori``, (H, W, 3) uint8, for drawing results.
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
    ) -> None:
        self.img_mode = img_mode
        self.channel_first = channel_first
        self.to_float32 = to_float32
        self.ignore_orientation = ignore_orientation
        self.keep_ori = keep_ori
        if keep_ori:
            self.writes = ("image", "image_ori")

    def __call__(self, sample: DetSample) -> DetSample:
        rgb = self.img_mode == "RGB"
        original = read_image(sample["img_path"], rgb=rgb, ignore_orientation=self.ignore_orientation)
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
        DataError: the file is missing, empty, cut short, or no image that OpenCV can decode.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot read this image: {error.strerror}") from None
    if not content:
        raise DataError(f"{path}: this image file is empty (0 bytes); copy it again or remove it from the label file")
    if content.startswith(b"\xff\xd8") and not _is_whole_jpeg(content):
        raise DataError(
            f"{path}: this JPEG ends before its end marker, after {len(content)} bytes: it was cut short; "
            "copy it again or remove it from the label file"
        )
    flags = cv2.IMREAD_COLOR_RGB if rgb else cv2.IMREAD_COLOR
    if ignore_orientation:
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), flags)
    except cv2.error as error:
        raise DataError(f"{path}: OpenCV cannot decode this image: {error.err}") from None
    if image is None:
        raise DataError(
            f"{path}: not an image that OpenCV can decode ({len(content)} bytes, beginning with {content[:8]!r}); "
            "convert it to JPEG or PNG, or remove it from the label file"
        )
    return image


def _is_whole_jpeg(content: bytes) -> bool:
    """Whether an end marker follows the first scan; those of a preview inside the headers do not count.

    OpenCV fills the missing part of a cut file with grey and says nothing.
    """
    position = 2
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker == 0xFF:  # padding
            position += 1
            continue
        if marker == 0xDA:  # start of scan
            return content.find(b"\xff\xd9", position) >= 0
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return content.find(b"\xff\xd9", min(position, len(content))) >= 0
