"""Drawings of results and crops of texts as image files, and what an earlier run has left in their folder."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from mindocr.errors import ConfigError, UserError
from mindocr.images.crops import cut_line
from mindocr.predictions.base import Prediction
from mindocr.predictions.detection import Detection
from mindocr.utils import files
from mindocr.utils.printable import printable
from mindocr.utils.visualize import fit_picture

logger = logging.getLogger(__name__)


class _Images:
    """Image files of one kind in a folder; those that are there already are of an earlier run."""

    def __init__(self, folder: Path, pattern: str, kind: str, deep: bool) -> None:
        self.folder, self._kind = folder, kind
        there = folder.rglob(pattern) if deep else folder.glob(pattern)
        self._earlier = {path.relative_to(folder).as_posix() for path in there}

    def write(self, name: str, image: np.ndarray, source: str) -> None:
        """Write an image (H, W, 3) uint8 RGB, in the format of the ending of ``name``."""
        target = self.folder / name
        done, encoded = cv2.imencode(target.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        if not done:
            raise UserError(f"the {self._kind} of '{source}' cannot be encoded (shape {image.shape})")
        target.parent.mkdir(parents=True, exist_ok=True)
        files.write_bytes(target, encoded.tobytes())
        self._earlier.discard(name)

    def tell_earlier(self) -> None:
        """Log how many files are of an earlier run."""
        if self._earlier:
            logger.warning("%s: files of an earlier run that this run did not replace: %d %ss such as %s", self.folder,
                           len(self._earlier), self._kind, printable(min(self._earlier)))  # fmt: skip


class PictureWriter:
    """Writes ``<name>_det_res.png``, the image with its result drawn on it.

    Args:
        folder: an existing folder.
        gives: type of the predictions, whose prefix is part of the names.
        deep: names may have folders.
    """

    def __init__(self, folder: Path, gives: type[Prediction], deep: bool = False) -> None:
        self._ending = picture_ending(gives)
        self._images = _Images(folder, f"*{self._ending}", "picture", deep)

    def add(self, path: str, image: np.ndarray, found: Prediction, name: str) -> None:
        """Draw the result of an image (H, W, 3) uint8 RGB; ``name`` as :mod:`mindocr.inference.output_names` has it."""
        image, factor = fit_picture(image)
        if factor < 1 and isinstance(found, Detection):
            logger.info("%s: its picture is drawn at %.2f of its size", printable(path), factor)
            found = replace(found, polys=[poly * np.float32(factor) for poly in found.polys])
        self._images.write(f"{name}{self._ending}", found.draw(image), path)

    def close(self) -> None:
        """Tell what an earlier run has left."""
        self._images.tell_earlier()


class CropWriter:
    """Writes ``<name>_crop_<i>.jpg``, one image for each text, numbered from 0 in the order of the results.

    Args:
        folder: an existing folder.
        gives: type of the predictions.
        deep: names may have folders.

    Raises:
        ConfigError: the model does not return text polygons.
    """

    def __init__(self, folder: Path, gives: type[Prediction], deep: bool = False) -> None:
        if not issubclass(gives, Detection):
            raise ConfigError(f"--save_crop_res: needs text polygons, but this model returns {gives.kind}")
        self._images = _Images(folder, "*_crop_*.jpg", "crop", deep)

    def add(self, path: str, image: np.ndarray, found: Prediction, name: str) -> None:
        """Cut the texts out of an image (H, W, 3) uint8 RGB."""
        for number, poly in enumerate(cast(Detection, found).polys):
            self._images.write(f"{name}_crop_{number}.jpg", cut_line(image, poly), path)

    def close(self) -> None:
        """Tell what an earlier run has left."""
        self._images.tell_earlier()


def picture_ending(gives: type[Prediction]) -> str:
    """Ending of the names of drawings, such as ``_det_res.png``."""
    return f"_{gives.prefix}res.png"
