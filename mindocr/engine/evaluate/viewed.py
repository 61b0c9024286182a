"""Evaluation in tiles, at several scales or mirrored, and what that gains over one view of the resized image."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from mindocr.config import Config
from mindocr.inference.runner import Runner
from mindocr.inference.view_options import ViewOptions
from mindocr.inference.views import Views

logger = logging.getLogger(__name__)

_MADE_BY_VIEWS = ("shape_list",)


class ViewedEvaluation:
    """Looks at the images of an evaluation in several views.

    Args:
        runner: runs the network.
        postprocess: computes texts from one map.
        config: its ``eval`` section says how images are resized.
        options: the views.
        metric: scores one view as well, for the gain; None = the gain is not computed.

    Attributes:
        config: the configuration with a data set that only decodes its images.
    """

    def __init__(
        self, runner: Runner, postprocess: Any, config: Config, options: ViewOptions, metric: Any = None
    ) -> None:
        assert config.eval is not None  # the caller checks
        dataset = config.eval.dataset
        pipeline = dataset.get("transform_pipeline") or []
        self._output = postprocess.reads[0]
        self._views = Views(runner, postprocess, pipeline, options)
        self._usual = None if metric is None else Views(runner, postprocess, pipeline, ViewOptions())
        self._metric = None if metric is None else copy.deepcopy(metric)
        if self._metric is not None:
            self._metric.reset()
        columns = [name for name in dataset.get("output_columns") or () if name not in _MADE_BY_VIEWS]
        viewed = {**dataset, "transform_pipeline": self._views.specs, "output_columns": columns}
        self.config = config.model_copy(update={"eval": config.eval.model_copy(update={"dataset": viewed})})

    def look(self, batch: Mapping[str, Any], column: str) -> tuple[dict[str, list[np.ndarray]], list[Any], Any]:
        """The outputs and the texts of a batch, and the batch with the columns that belong to them.

        Args:
            batch: decoded images (H, W, 3) uint8 RGB under ``column``, their paths and labels.
        """
        maps, found, shapes = [], [], []
        for image, path in zip(batch[column], batch["img_path"]):
            seen = self._views(image, path)
            prob = seen.prob
            maps.append((prob.astype(np.float32) / 255 if prob.dtype == np.uint8 else prob)[None])
            found.append(seen.found)
            shapes.append(seen.shape)
        if self._usual is not None and self._metric is not None:
            usual = [self._usual(image, path).found for image, path in zip(batch[column], batch["img_path"])]
            self._metric.judge(usual, [batch[name] for name in self._metric.reads])
        return {self._output: maps}, found, {**batch, "shape_list": shapes}

    def log_gain(self, scores: Mapping[str, Any]) -> None:
        """Log what the views cost, and the main score with and without them."""
        logger.info("%s", self._views.summary())
        if self._usual is None or self._metric is None:
            logger.info("the gain over one view is not computed with several ranks")
            return
        name = self._metric.main_indicator
        before, after = float(self._metric.result()[name]), float(scores[name])
        spent = self._usual.seconds / max(self._usual.images, 1)
        logger.info("%s: %.4f with one view (%.2f s per image), %.4f with these: %+.4f", name, before, spent, after,
                    after - before)  # fmt: skip
