"""Evaluation: network, post-processing and metric over one data set, at any batch size."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from mindspore import nn
from tqdm import tqdm

from mindocr.config import Config
from mindocr.data.loading.loader import Loader
from mindocr.engine.diagnose.zero_score import monitor
from mindocr.engine.diagnose.zero_score.health_statistics import EvaluationSigns
from mindocr.engine.evaluate import evaluation_report
from mindocr.engine.runtime import build, process, ranks
from mindocr.errors import ConfigError
from mindocr.formats.label_file import format_label_line
from mindocr.models.network_runner import Inference, decode
from mindocr.postprocess.base import Detection
from mindocr.registry import METRICS, POSTPROCESSES
from mindocr.report.collect import Collector
from mindocr.report.page import PAGE_BYTES
from mindocr.report.pictures import check_limit

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

    Args:
        network, loader, postprocess, metric: what is scored, on what, and how.
        collector: takes note of every image for the report; None = no report.
        rank, world: the loader serves every ``world``-th image from the ``rank``-th on; all ranks run together, with
            the BatchNorm statistics of rank 0, and what they find is added up.

    Attributes:
        metric, collector: as given; after a run they hold that run's counts and images.
        signs: what the last run has shown beside its scores.
    """

    def __init__(
        self,
        network: nn.Cell,
        loader: Loader,
        postprocess: Any,
        metric: Any,
        collector: Collector | None = None,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.metric = metric
        self._network = network
        self._rank, self._world = rank, world
        self._inference = Inference(network, all_maps=collector is not None)
        self._loader = loader
        self._postprocess = postprocess
        self.collector = collector
        self.signs = EvaluationSigns()

    @property
    def main_indicator(self) -> str:
        """Name of the score by which the best checkpoint is chosen."""
        return self.metric.main_indicator

    def run(self, before_batch: Callable[[], None] = lambda: None) -> Evaluation:
        """Evaluate once, with a progress bar.

        Args:
            before_batch: called before each batch; what it raises ends the evaluation.
        """
        self.metric.reset()
        if self._world > 1:
            statistics = [p for p in self._network.get_parameters() if not p.requires_grad]
            ranks.take_from_rank_0(statistics, self._rank)
        thresholds = (getattr(self._postprocess, name, 0.0) for name in ("binary_thresh", "box_thresh"))
        self.signs = EvaluationSigns(*thresholds)
        detections: list[tuple[str, Detection]] = []
        start = time.perf_counter()
        for batch in tqdm(self._loader.epoch(), total=len(self._loader), desc="evaluate", unit="batch", leave=False):
            before_batch()
            maps = self._inference(batch["image"])
            found = decode(self._postprocess, maps, batch["shape_list"])
            polys = [detection.polys for detection in found]
            results = self.metric.update_many(list(zip(polys, batch["polys"], batch["ignore_tags"])))
            columns = [batch[name] for name in ("img_path", "shape_list", "polys", "ignore_tags")]
            for path, shape, truth, ignore, map_, each, result in zip(*columns, maps, found, results):
                self.signs.add(path, shape, map_[0], each, truth, ignore)
                if self.collector is not None:
                    self.collector.add(path, shape, map_, each, truth, ignore, result)
            detections += zip(batch["img_path"], found)
        if self._world > 1:
            detections = self._add_up(detections)
        rate = len(detections) / (time.perf_counter() - start)
        return Evaluation(self.metric.result(), detections, rate)

    def _add_up(self, detections: list[tuple[str, Detection]]) -> list[tuple[str, Detection]]:
        """Add the counts of the other ranks to the metric; returns the detections of all, in order of the images."""
        items = [(path, [poly.tolist() for poly in found.polys], list(found.scores)) for path, found in detections]
        everyone = ranks.gather([self.metric.counts, items])
        for rank, (counts, _) in enumerate(everyone):
            if rank != self._rank:
                self.metric.merge(counts)
        in_order = [item for row in zip_longest(*(items for _, items in everyone)) for item in row if item is not None]
        return [(path, Detection([np.array(p, np.float32) for p in polys], scores)) for path, polys, scores in in_order]

    def close(self) -> None:
        """End the loader's workers."""
        self._loader.close()


def build_evaluator(
    config: Config, network: nn.Cell, place: process.Runtime = process.ALONE, *, collect: bool = False
) -> Evaluator:
    """An evaluator of ``network`` on the ``eval`` section.

    Args:
        place: the ranks that share the images.
        collect: also collect what the report shows.

    Raises:
        ConfigError: a section that evaluation needs is absent, or the metric cannot be reported on.
    """
    for section in ("eval", "postprocess", "metric"):
        if getattr(config, section) is None:
            raise ConfigError(f"{section}: evaluation needs this section; add it, or set system.val_while_train: False")
    postprocess, metric = POSTPROCESSES.build(config.postprocess), METRICS.build(config.metric)
    collector = evaluation_report.make_collector(config, metric) if collect else None
    share = {"rank": place.rank, "world": place.world}
    return Evaluator(network, build.eval_loader(config, **share), postprocess, metric, collector, **share)


def run(config: Config, report: Path | None = None, report_images: int | None = None) -> Evaluation:
    """Evaluate ``eval.ckpt_load_path``; scores are logged and written beside the results (see ``write_results``).

    Args:
        config: what to evaluate.
        report: folder for an HTML page on what was missed and why; None = no page.
        report_images: how many images may have pictures there; None = as many as fit.
    """
    if config.eval is None or not config.eval.ckpt_load_path:
        raise ConfigError("eval.ckpt_load_path: required for evaluation; name the checkpoint to evaluate")
    folder = process.prepare_output(Path(config.train.ckpt_save_dir) / "eval", key="train.ckpt_save_dir")
    if report is not None:
        check_limit(report_images)
        process.prepare_output(report, need_bytes=PAGE_BYTES, key="--report")
    process.start_logging()
    place = process.start(config.system, may_be_alone=True)
    if report is not None and place.world > 1:
        raise ConfigError("--report: the page is made by one process; start tools/eval.py without a launcher")
    network = build.network(config, training=False, ckpt=config.eval.ckpt_load_path)
    evaluator = build_evaluator(config, network, place, collect=report is not None)
    with ranks.together(place.rank, place.world, folder, place.device), closing(evaluator):
        evaluation = evaluator.run()
    if not place.is_main:
        return evaluation
    write_results(evaluation, folder)
    logger.info("%s", summary(evaluation))
    logger.info("scores: %s; detections: %s", folder / "scores.json", folder / "detections.txt")
    monitor.explain(network, evaluator.signs, float(evaluation.scores[evaluator.main_indicator]), folder)
    if report is not None and evaluator.collector is not None:
        page = evaluation_report.write(config, evaluator.collector, evaluator.metric, report, report_images)
        logger.info("report: %s", page)
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
