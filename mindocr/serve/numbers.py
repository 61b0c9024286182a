"""The numbers that the service counts, see :mod:`mindocr.serve.metrics`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from mindocr import __version__
from mindocr.serve.metrics import Counter, Gauge, Histogram, Metric, to_text
from mindocr.utils.memory import peak_memory

_BATCHES = (1, 2, 4, 8, 16, 32)


class Numbers:
    """Counters and histograms of the service.

    Args:
        model: its name.
    """

    def __init__(self, model: str) -> None:
        self.requests = Counter("mindocr_requests_total", "Requests that were answered.", ("path", "status"))
        self.seconds = Histogram("mindocr_request_seconds", "Time from the first byte of an image's request to the "
                                 "end of its answer.")  # fmt: skip
        self.predicting = Histogram("mindocr_predict_seconds", "Time of an image in the model; a batch shares it.")
        self.batches = Histogram("mindocr_batch_images", "Images that the model took at once.", _BATCHES)
        self.images = Counter("mindocr_images_total", "Images with a result.")
        self.texts = Counter("mindocr_texts_total", "Texts that were found.")
        about = [("version", __version__), ("model", model)]
        self._gauges: list[Metric] = [
            Gauge("mindocr_info", "Version and model.", lambda: 1, about),
            Gauge("process_resident_memory_bytes", "Memory of this process.", resident_memory),
            Gauge("mindocr_peak_memory_bytes", "Largest memory of this process so far.", peak_memory),
        ]

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Add a number that is read when the text is written."""
        self._gauges.append(Gauge(name, meaning, read))

    def text(self) -> str:
        """All numbers as Prometheus reads them."""
        counted: list[Metric] = [
            self.requests, self.seconds, self.predicting, self.batches, self.images, self.texts,
        ]  # fmt: skip
        return to_text([*counted, *self._gauges])


def resident_memory() -> int:
    """Resident memory of this process in bytes; its peak where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return peak_memory()
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
