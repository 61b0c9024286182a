"""Collects the texts of an evaluation for the report of recognition."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import ConfigError
from mindocr.metrics.rec_metric import RecMetric, TextResult
from mindocr.predictions.text import Text
from mindocr.registry import REPORTS
from mindocr.report.recognition.page import write_page
from mindocr.report.recognition.word import Word, normal
from mindocr.report.setup import Setup


@REPORTS.register
class RecognitionReport:
    """Records each text that was read, and writes the page on those that are wrong.

    Crops are cut out of the images when the page is written, so only texts and polygons are kept.

    Args:
        postprocess: the ``postprocess`` section; not needed here; provided.
        metric: has evaluated the texts; provided.
        setup: the command of the evaluation; provided.

    Attributes:
        columns, training_outputs: see :class:`~mindocr.report.collect.DetectionReport`.
        words: one for each text, in order.

    Raises:
        ConfigError: the metric does not evaluate texts.
    """

    columns: tuple[str, ...] = ("polygon",)
    training_outputs = False

    def __init__(
        self, postprocess: Mapping[str, Any] | None = None, metric: Any = None, setup: Setup | None = None
    ) -> None:
        if not isinstance(metric, RecMetric):
            raise ConfigError(f"--report: needs metric.name RecMetric; got {type(metric).__name__}")
        self._metric = metric
        self._setup = setup or Setup()
        self.words: list[Word] = []

    def add(
        self,
        image: str,
        outputs: Mapping[str, np.ndarray],
        found: Text,
        columns: Mapping[str, Any],
        result: TextResult,
    ) -> None:
        """Add a text.

        Args:
            image: its file.
            outputs: of the network; not needed.
            found: what was read.
            columns: ``text``, the ground truth; ``polygon``, (K, 2) pixels of the image, if it is known. An empty
                polygon means that the text fills the image.
            result: the result of the metric.
        """
        polygon = columns.get("polygon")
        outline = None if polygon is None or not len(polygon) else np.asarray(polygon, dtype=np.float32)
        truth = normal(str(columns["text"]))
        self.words.append(Word(image, outline, truth, normal(found.text), float(found.confidence), result))

    def write(self, folder: Path, facts: Mapping[str, Any], limit: int | None = None) -> Path:
        """Write the page; see :func:`mindocr.report.recognition.page.write_page`."""
        if self._setup.config:
            facts = {"command": self._setup.command("eval"), **facts}
        return write_page(folder, self.words, self._metric, facts, limit)
