"""Shape buckets for a service, which does not know its images: those of common photographs and pages."""

from __future__ import annotations

import numpy as np

from mindocr.images.headers import Size
from mindocr.inference.buckets import choose_buckets
from mindocr.inference.detector import TextDetector
from mindocr.reading.reader import TextReader

# (h, w) in pixels, each in both directions: photographs of 4:3 and 16:9, as cameras take them and as they are sent
COMMON: tuple[Size, ...] = (
    (480, 640), (640, 480), (720, 1280), (1280, 720), (1200, 1600), (1600, 1200), (1080, 1920), (1920, 1080),
    (3000, 4000), (4000, 3000),
)  # fmt: skip


def use_buckets(model: TextDetector | TextReader, wanted: list[Size] | str | None) -> None:
    """Compile the networks for a few sizes now, so that no request waits for a compiler.

    Args:
        model: a detector or a reader.
        wanted: (h, w) of the detector's images in pixels; ``auto``: those of common photographs; None: no buckets.

    Raises:
        ConfigError: a network takes images of one size only.
    """
    if wanted is None:
        return
    detector = model.detector if isinstance(model, TextReader) else model
    buckets = choose_buckets(network_sizes(detector)) if isinstance(wanted, str) else wanted
    model.use_buckets(buckets, [])


def network_sizes(detector: TextDetector) -> list[Size]:
    """Sizes at which a detector's network sees common photographs."""
    shapes = [detector.prepare(np.zeros(size, np.uint8))["image"].shape for size in COMMON]
    return [(int(h), int(w)) for _, h, w in shapes]
