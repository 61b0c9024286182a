"""Evaluation: network, post-processing and metric over one data set, at any batch size."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from mindspore import nn

from mindocr.config import Config
from mindocr.data.loading.loader import Batch, Loader
from mindocr.engine.diagnose.zero_score.health import HealthCheck
from mindocr.engine.diagnose.zero_score.report_causes import explain
from mindocr.engine.evaluate import evaluation_report
from mindocr.engine.runtime import build, process, ranks
from mindocr.errors import ConfigError
from mindocr.inference import dictionary
from mindocr.models.network import statistics
from mindocr.models.network_runner import NetworkRunner
from mindocr.predictions.base import Prediction, decode, write_predictions
from mindocr.registry import HEALTH_CHECKS, METRICS, POSTPROCESSES
from mindocr.report.page import PAGE_BYTES
from mindocr.report.pictures import check_limit
from mindocr.utils import files
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """Result of evaluating one data set.

    Attributes:
        scores: by name, as the metric returns them.
        predictions: (path, prediction) of each image.
        kind: class of the predictions.
        score_line: the scores as one line of text, from the metric.
        images_per_s: images per second, loading included.
    """

    scores: dict[str, Any]
    predictions: list[tuple[str, Any]] = field(repr=False)
    kind: type[Prediction]
    score_line: str = ""
    images_per_s: float = 0.0

    def summary(self) -> str:
        """One line: the scores, images per second."""
        return f"{self.score_line} on {len(self.predictions)} images ({self.images_per_s:.2f} images/s)"


class Evaluator:
    """Scores a network on a loader whose batches hold what network, post-processing and metric read.

    Ground truth never leaves the host, so images of a batch may differ in size and in number of texts, and the scores
    do not depend on the batch size.

    Args:
        network, loader, postprocess, metric: the network to score, its batches, and how they are scored.
        report: collects every image for the report page; None = no report.
        rank, world: the loader returns every ``world``-th image, starting with image ``rank``. All ranks run together
            with the BatchNorm statistics of rank 0, and their counts are added up.

    Attributes:
        metric, report: as given; after a run they hold that run's counts and images.
        health: statistics of the last run, which explain a score near 0.
    """

    def __init__(
        self,
        network: nn.Cell,
        loader: Loader,
        postprocess: Any,
        metric: Any,
        report: Any = None,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.metric = metric
        self.report = report
        self.health: HealthCheck = HEALTH_CHECKS.build(
            {"name": postprocess.gives.health_check}, postprocess=postprocess
        )
        self._network = network
        self._rank, self._world = rank, world
        self._input = network.inputs[0]
        self._runner = NetworkRunner(network, training_outputs=report is not None)
        self._loader = loader
        self._postprocess = postprocess
        self._columns = tuple(dict.fromkeys((*postprocess.columns, *metric.reads)))

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
            ranks.take_from_rank_0(statistics(self._network), self._rank)
        self.health.begin_evaluation()
        predictions: list[tuple[str, Any]] = []
        start = time.perf_counter()
        for batch in progress(self._loader.epoch(), "evaluate", "batch", len(self._loader)):
            before_batch()
            outputs = self._runner(batch[self._input])
            found = decode(self._postprocess, outputs, batch)
            results = self.metric.judge(found, [batch[name] for name in self.metric.reads])
            self._look_at(batch, outputs, found, results)
            predictions += zip(batch["img_path"], found)
        if self._world > 1:
            predictions = self._add_up(predictions)
        rate = len(predictions) / (time.perf_counter() - start)
        scores = self.metric.result()
        return Evaluation(scores, predictions, self._postprocess.gives, self.metric.summary(scores), rate)

    def _look_at(
        self, batch: Batch, outputs: Mapping[str, Sequence[np.ndarray]], found: Sequence[Any], results: Sequence[Any]
    ) -> None:
        """Pass each image of a batch to the health check and to the report."""
        for i, path in enumerate(batch["img_path"]):
            own = {name: values[i] for name, values in outputs.items()}
            columns = {name: batch[name][i] for name in self._columns}
            self.health.add_image(path, own, found[i], columns)
            if self.report is not None:
                self.report.add(path, own, found[i], columns, results[i])

    def _add_up(self, predictions: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """Add the counts of the other ranks to the metric; returns the predictions of all, in order of the images."""
        items = [(path, found.to_json()) for path, found in predictions]
        everyone = ranks.gather([self.metric.counts, items])
        for rank, (counts, _) in enumerate(everyone):
            if rank != self._rank:
                self.metric.merge(counts)
        in_order = [item for row in zip_longest(*(items for _, items in everyone)) for item in row if item is not None]
        return [(path, self._postprocess.gives.from_json(value)) for path, value in in_order]

    def close(self) -> None:
        """End the loader's workers."""
        self._loader.close()


def build_evaluator(
    config: Config, network: nn.Cell, place: process.Runtime = process.ALONE, *, report: bool = False
) -> Evaluator:
    """Build an evaluator of ``network`` for the ``eval`` section.

    Args:
        place: the ranks among which the images are divided.
        report: also collect what the report page shows.

    Raises:
        ConfigError: a section that evaluation needs is absent, or there is no report for its predictions.
    """
    for section in ("eval", "postprocess", "metric"):
        if getattr(config, section) is None:
            raise ConfigError(f"{section}: evaluation needs this section; add it, or set system.val_while_train: False")
    postprocess, metric = POSTPROCESSES.build(config.postprocess or {}), METRICS.build(config.metric or {})
    page = evaluation_report.make_report(config, postprocess, metric) if report else None
    share = {"rank": place.rank, "world": place.world}
    return Evaluator(network, build.eval_loader(config, **share), postprocess, metric, page, **share)


def run(config: Config, report: Path | None = None, report_images: int | None = None) -> Evaluation:
    """Evaluate ``eval.ckpt_load_path``; scores are logged and written beside the results (see ``write_results``).

    Args:
        config: what to evaluate.
        report: folder for an HTML page on what was missed and why; None = no page.
        report_images: largest number of images shown there; None = as many as fit.
    """
    if config.eval is None or not config.eval.ckpt_load_path:
        raise ConfigError("eval.ckpt_load_path: required for evaluation; name the checkpoint to evaluate")
    config = dictionary.complete(config, config.eval.ckpt_load_path, "eval.ckpt_load_path")
    assert config.eval is not None
    folder = process.prepare_output(Path(config.train.ckpt_save_dir) / "eval", key="train.ckpt_save_dir")
    if report is not None:
        check_limit(report_images)
        process.prepare_output(report, need_bytes=PAGE_BYTES, key="--report")
    process.start_logging()
    place = process.start(config.system, may_be_alone=True)
    if report is not None and place.world > 1:
        raise ConfigError("--report: the page is made by one process; start 'mindocr eval' without a launcher")
    network = build.network(config, training=False, ckpt=config.eval.ckpt_load_path)
    evaluator = build_evaluator(config, network, place, report=report is not None)
    with ranks.together(place.rank, place.world, folder, place.device), closing(evaluator):
        evaluation = evaluator.run()
    if not place.is_main:
        return evaluation
    write_results(evaluation, folder)
    logger.info("%s", evaluation.summary())
    key = evaluation.kind.entries_key
    logger.info("scores: %s; %s: %s", folder / "scores.json", key, folder / f"{key}.txt")
    explain(network, evaluator.health, float(evaluation.scores[evaluator.main_indicator]), folder)
    if report is not None:
        page = evaluator.report.write(report, evaluation_report.facts(config), report_images)
        logger.info("report: %s", page)
    return evaluation


def write_results(evaluation: Evaluation, folder: Path) -> None:
    """Write ``scores.json``, and a file with one result line for each image, for detectors ``detections.txt``."""
    files.write_text(folder / "scores.json", json.dumps(evaluation.scores, indent=2) + "\n")
    write_predictions(evaluation.predictions, folder / f"{evaluation.kind.entries_key}.txt")
