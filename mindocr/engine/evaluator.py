"""Evaluation: network, post-processing and metric over one data set, at any batch size."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from mindspore import nn
from tqdm import tqdm

from mindocr.config import Config
from mindocr.data.annotation import format_label_line
from mindocr.data.loader import Loader
from mindocr.engine import assemble, runtime
from mindocr.engine.inference import Inference
from mindocr.errors import ConfigError
from mindocr.postprocess.base import Detection
from mindocr.registry import METRICS, POSTPROCESSES

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """Scores of one data set, and what was found in each image."""

    scores: dict[str, Any]
    detections: list[tuple[str, Detection]] = field(repr=False)
    images_per_s: float = 0.0


class Evaluator:
    """Scores a network on a loader whose batches hold image, polys, ignore_tags, shape_list and img_path.

    Ground truth never leaves the host, so images of a batch may differ in size and in number of texts, and the scores
    do not depend on the batch size.
    """

    def __init__(self, network: nn.Cell, loader: Loader, postprocess: Any, metric: Any) -> None:
        self._inference = Inference(network)
        self._loader = loader
        self._postprocess = postprocess
        self._metric = metric

    @property
    def main_indicator(self) -> str:
        """Name of the score by which the best checkpoint is chosen."""
        return self._metric.main_indicator

    def run(self) -> Evaluation:
        """Evaluate once, with a progress bar."""
        self._metric.reset()
        detections: list[tuple[str, Detection]] = []
        start = time.perf_counter()
        for batch in tqdm(self._loader.epoch(), total=len(self._loader), desc="evaluate", unit="batch", leave=False):
            maps = self._inference(batch["image"])
            found = [
                self._postprocess(probability[None], np.asarray(shape)[None])[0]
                for probability, shape in zip(maps, batch["shape_list"])
            ]
            polys = [detection.polys for detection in found]
            self._metric.update_many(list(zip(polys, batch["polys"], batch["ignore_tags"])))
            detections += zip(batch["img_path"], found)
        rate = len(detections) / (time.perf_counter() - start)
        return Evaluation(self._metric.result(), detections, rate)

    def close(self) -> None:
        """End the loader's workers."""
        self._loader.close()


def build_evaluator(config: Config, network: nn.Cell) -> Evaluator:
    """An evaluator of ``network`` on the ``eval`` section.

    Raises:
        ConfigError: a section that evaluation needs is absent.
    """
    for section in ("eval", "postprocess", "metric"):
        if getattr(config, section) is None:
            raise ConfigError(f"{section}: evaluation needs this section; add it, or set system.val_while_train: False")
    loader = assemble.eval_loader(config)
    return Evaluator(network, loader, POSTPROCESSES.build(config.postprocess), METRICS.build(config.metric))


def run(config: Config) -> Evaluation:
    """Evaluate ``eval.ckpt_load_path``; scores are logged and written beside the results (see ``write_results``)."""
    if config.eval is None or not config.eval.ckpt_load_path:
        raise ConfigError("eval.ckpt_load_path: required for evaluation; name the checkpoint to evaluate")
    folder = runtime.prepare_output(Path(config.train.ckpt_save_dir) / "eval", key="train.ckpt_save_dir")
    runtime.start_logging()
    runtime.start(config.system)
    network = assemble.network(config, training=False, ckpt=config.eval.ckpt_load_path)
    evaluator = build_evaluator(config, network)
    try:
        evaluation = evaluator.run()
    finally:
        evaluator.close()
    write_results(evaluation, folder)
    logger.info("%s", summary(evaluation))
    logger.info("scores: %s; detections: %s", folder / "scores.json", folder / "detections.txt")
    return evaluation


def summary(evaluation: Evaluation) -> str:
    """One line: recall, precision, f-score, images per second."""
    scores = evaluation.scores
    shown = ", ".join(f"{name} {scores[name]:.4f}" for name in ("recall", "precision", "f-score"))
    return f"{shown} on {len(evaluation.detections)} images ({evaluation.images_per_s:.2f} images/s)"


def write_results(evaluation: Evaluation, folder: Path) -> None:
    """Write ``scores.json`` and ``detections.txt`` (our label format, with a score for each polygon)."""
    (folder / "scores.json").write_text(json.dumps(evaluation.scores, indent=2) + "\n", encoding="utf-8")
    write_detections(evaluation.detections, folder / "detections.txt")


def write_detections(detections: list[tuple[str, Detection]], path: Path) -> None:
    """One line an image: path, tab, JSON list of ``{"transcription": "", "points", "score"}``."""
    lines = [format_label_line(image, as_items(found)) for image, found in detections]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def as_items(found: Detection) -> list[dict[str, Any]]:
    """Detections as label-file items, points rounded to 0.1 pixel."""
    return [
        {"transcription": "", "points": np.round(poly.astype(float), 1).tolist(), "score": round(float(score), 4)}
        for poly, score in zip(found.polys, found.scores)
    ]
