"""A warning for images that are reduced so far for the network that their small texts are lost."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from mindocr.utils.wording import count

logger = logging.getLogger(__name__)

READABLE = 8  # height of a text in network pixels below which detectors begin to miss it
SMALL = 20  # height of a small text in a photograph or scan, pixels
ADVICE = "use --tile auto, or reduce images less (limit_side_len of DetResize)"


class SmallTexts:
    """Looks at the scales of images and warns.

    How high the texts of an image are is not known before they are found. Known is which ones become too small: texts
    below ``READABLE`` / scale. A warning is given if texts of ``SMALL`` pixels are among them.
    """

    def __init__(self) -> None:
        self._reduced = 0
        self._told = 0

    def look(self, paths: Sequence[str], shapes: Sequence[np.ndarray] | np.ndarray) -> None:
        """Look at the images of a batch; the first that is reduced too far gets a warning of its own.

        Args:
            paths: their names.
            shapes: for each (h, w, ratio_h, ratio_w), as ``shape_list`` has it.
        """
        for path, shape in zip(paths, np.asarray(shapes, dtype=np.float64)):
            h, w, *ratios = shape.tolist()
            scale = min(ratios)
            if scale * SMALL >= READABLE:
                continue
            self._reduced += 1
            if not self._told:
                self._told = 1
                logger.warning(
                    "%s: %d x %d pixels (w x h) are reduced to %.2f of their size for the network: texts that are less "
                    "than %d pixels high become smaller than %d and may be missed; %s",
                    path, w, h, scale, round(READABLE / scale), READABLE, ADVICE,
                )  # fmt: skip

    def log_rest(self) -> None:
        """Warn how many more images were reduced too far since the last call."""
        more = self._reduced - self._told
        if more > 0:
            logger.warning("%s reduced so far that small texts may be missed; %s", count(more, "further image"), ADVICE)
        self._told = self._reduced
