"""Shape buckets for a service, which does not know its images: those of common photographs."""

from __future__ import annotations

import numpy as np

from mindocr.images.headers import Size
from mindocr.inference.buckets import choose_buckets
from mindocr.inference.detector import TextDetector
from mindocr.reading.reader import TextReader
from mindocr.serve.reduction import reduce

# (h, w) in pixels, each in both directions: photographs of 4:3 and 16:9, as cameras take them and as they are sent
COMMON: tuple[Size, ...] = (
    (480, 640), (640, 480), (720, 1280), (1280, 720), (1200, 1600), (1600, 1200), (1080, 1920), (1920, 1080),
    (3000, 4000), (4000, 3000),
)  # fmt: skip


def use_buckets(
    model: TextDetector | TextReader, wanted: list[Size] | str | None, max_pixels: int, batch_size: int = 1
) -> None:
    """Compile the networks for a few sizes now, so that no request waits for a compiler.

    Args:
        model: a detector or a reader.
        wanted: (h, w) of the detector's images in pixels; ``auto``: those of common photographs; None: none.
        max_pixels: larger images are reduced for the network, see :mod:`mindocr.serve.reduction`.
        batch_size: images that a detector takes at once; smaller batches are filled up.

    Raises:
        ConfigError: a network takes images of one size only.
    """
    detector = model.detector if isinstance(model, TextReader) else model
    if wanted is None or (wanted == "auto" and detector.runner.input_size != (-1, -1)):
        return  # a file for images of one size needs one graph
    buckets = choose_buckets(network_sizes(detector, max_pixels)) if isinstance(wanted, str) else wanted
    if isinstance(model, TextReader):
        model.use_buckets(buckets, [])
    else:
        model.use_buckets(buckets, [], batch_size)


def network_sizes(detector: TextDetector, max_pixels: int) -> list[Size]:
    """Sizes at which a detector's network sees common photographs."""
    images = [reduce(detector, np.zeros((*size, 3), np.uint8), max_pixels).image for size in COMMON]
    return [detector.preparation.network_size((image.shape[0], image.shape[1])) for image in images]
