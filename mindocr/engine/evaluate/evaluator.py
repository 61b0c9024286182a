"""Evaluation: network, post-processing and metric over one data set, at any batch size."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from mindspore import nn

from mindocr.config import Config, save_config
from mindocr.config.merge import merge
from mindocr.data.loading.loader import Batch, Loader
from mindocr.engine.diagnose.zero_score.health import HealthCheck
from mindocr.engine.diagnose.zero_score.report_causes import explain
from mindocr.engine.evaluate import evaluation_report, results
from mindocr.engine.evaluate.results import image_line
from mindocr.engine.evaluate.viewed import ViewedEvaluation
from mindocr.engine.runtime import build, process, ranks
from mindocr.errors import ConfigError
from mindocr.images.headers import Size
from mindocr.inference import dictionary
from mindocr.inference.bucketed import Bucketed, black, compile_graphs
from mindocr.inference.buckets import refuse_sizes, wanted_buckets
from mindocr.inference.network_sizes import buckets_for
from mindocr.inference.view_options import ViewOptions
from mindocr.models.network import statistics
from mindocr.models.network_runner import NetworkRunner
from mindocr.predictions.base import Prediction, decode
from mindocr.registry import HEALTH_CHECKS, METRICS, POSTPROCESSES
from mindocr.report.page import PAGE_BYTES
from mindocr.report.pictures import check_limit
from mindocr.utils.progress import duration, progress
from mindocr.utils.wording import count

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
        seconds: duration.
        image_lines: a line of JSON for each image, see :func:`~mindocr.engine.evaluate.results.image_line`; empty
            unless the evaluator keeps them.
        also: results of further data sets by name, see ``eval.also``.
    """

    scores: dict[str, Any]
    predictions: list[tuple[str, Any]] = field(repr=False)
    kind: type[Prediction]
    score_line: str = ""
    images_per_s: float = 0.0
    seconds: float = 0.0
    image_lines: list[str] = field(default_factory=list, repr=False)
    also: dict[str, Evaluation] = field(default_factory=dict)

    def numbers(self) -> dict[str, float]:
        """The scores that are one number, by name; of further data sets with their name in front, ``old.f-score``."""
        found = dict(self.scores)
        for data, other in self.also.items():
            found |= {f"{data}.{name}": score for name, score in other.scores.items()}
        return {name: score for name, score in found.items() if isinstance(score, float)}

    def summary(self) -> str:
        """One line: the scores, number of images, duration, images per second."""
        images = count(len(self.predictions), "image")
        spent = duration(self.seconds) if self.seconds >= 10 else f"{self.seconds:.1f} s"
        return f"{self.score_line} on {images} in {spent} ({self.images_per_s:.2f} images/s)"


class Evaluator:
    """Scores a network on a loader whose batches hold what network, post-processing and metric read.

    Ground truth never leaves the host, so images of a batch may differ in size and in number of texts, and the scores
    do not depend on the batch size.

    Args:
        network, loader, postprocess, metric: the network to score, its batches, and how they are scored.
        report: collects every image for the report page; None = no report.
        rank, world: the loader returns every ``world``-th image, starting with image ``rank``. All ranks run together
            with the BatchNorm statistics of rank 0, and their counts are added up.
        keep_lines: keep a line of JSON for each image.
        views: how the network looks at images, which the loader then only decodes; None = once, as they are resized.
        also: evaluators of further data sets by name; each run of this one runs them, too.
        buckets: sizes of the network's images, (h, w) in pixels; ``auto``: chosen by the headers of the images; None =
            every image keeps its own. Their graphs are compiled when the first run begins.

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
        keep_lines: bool = False,
        views: ViewedEvaluation | None = None,
        buckets: Sequence[Size] | str | None = None,
        also: Mapping[str, Evaluator] | None = None,
    ) -> None:
        self.metric = metric
        self._also = dict(also or {})
        self._views = views
        self.report = report
        self.health: HealthCheck = HEALTH_CHECKS.build(
            {"name": postprocess.gives.health_check}, postprocess=postprocess
        )
        self._network = network
        self._rank, self._world, self._keep_lines = rank, world, keep_lines
        self._input = network.inputs[0]
        # A report may also show what a network computes in training, if the post-processing finds its outputs there.
        found = set(postprocess.reads) <= set(network.inference_network().outputs)
        shown = report is not None and report.training_outputs and found
        self._runner: NetworkRunner | Bucketed = NetworkRunner(network, training_outputs=shown)
        self._loader, self._buckets = loader, buckets
        self._postprocess = postprocess
        self._columns = tuple(dict.fromkeys((*postprocess.columns, *metric.reads)))
        self._more = () if report is None else tuple(name for name in report.columns if name not in self._columns)

    @property
    def dataset(self) -> Any:
        """The data set of the loader."""
        return self._loader.dataset

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
        self._use_buckets()
        if self._world > 1:
            ranks.take_from_rank_0(statistics(self._network), self._rank)
        self.health.begin_evaluation()
        predictions: list[tuple[str, Any]] = []
        lines: list[str] = []
        start = time.perf_counter()
        for batch in progress(self._loader.epoch(), "evaluate", "batch", len(self._loader)):
            before_batch()
            if self._views is None:
                outputs = self._runner(batch[self._input])
                found = decode(self._postprocess, outputs, batch)
            else:
                outputs, found, batch = self._views.look(batch, self._input)
            judged = self.metric.judge(found, [batch[name] for name in self.metric.reads])
            self._look_at(batch, outputs, found, judged)
            predictions += zip(batch["img_path"], found)
            lines += self._lines(batch, found, judged) if self._keep_lines else ()
        if self._world > 1:
            predictions, lines = self._add_up(predictions, lines)
        seconds = time.perf_counter() - start
        if isinstance(self._runner, Bucketed):
            self._runner.tell()
        scores = self.metric.result()
        if self._views is not None:
            self._views.log_gain(scores)
        line, rate = self.metric.summary(scores), len(predictions) / seconds
        further = {name: each.run(before_batch) for name, each in self._also.items()}
        return Evaluation(scores, predictions, self._postprocess.gives, line, rate, seconds, lines, further)

    def _use_buckets(self) -> None:
        """Put the images into buckets, once; graphs of later runs are those of the first."""
        if self._buckets is None:
            return
        paths = [record.img_path for record in self.dataset.records]
        chosen = buckets_for(self.dataset.pipeline, paths) if isinstance(self._buckets, str) else self._buckets
        if chosen:
            self._runner = Bucketed(self._runner, chosen, self._loader.batch_size, black(self.dataset.pipeline))
            compile_graphs([self._runner.plan()])
        self._buckets = None

    def _look_at(
        self, batch: Batch, outputs: Mapping[str, Sequence[np.ndarray]], found: Sequence[Any], results: Sequence[Any]
    ) -> None:
        """Pass each image of a batch to the health check and to the report."""
        for i, path in enumerate(batch["img_path"]):
            own = {name: values[i] for name, values in outputs.items()}
            columns = {name: batch[name][i] for name in self._columns}
            self.health.add_image(path, own, found[i], columns)
            if self.report is not None:
                more = {name: batch[name][i] for name in self._more if name in batch}
                self.report.add(path, own, found[i], {**columns, **more}, results[i])

    def _lines(self, batch: Batch, found: Sequence[Any], results: Sequence[Any]) -> Iterator[str]:
        for i, path in enumerate(batch["img_path"]):
            truth = {name: batch[name][i] for name in self.metric.reads}
            truth |= {name: batch[name][i] for name in self._postprocess.gives.place if name in batch}
            yield image_line(path, truth, found[i], results[i] if results else None)

    def _add_up(self, predictions: list[tuple[str, Any]], lines: list[str]) -> tuple[list[tuple[str, Any]], list[str]]:
        """Add the counts of the other ranks to the metric; returns predictions and lines of all, in order of images."""
        items = [(path, found.to_json()) for path, found in predictions]
        everyone = ranks.gather([self.metric.counts, items, lines])
        for rank, (counts, _, _) in enumerate(everyone):
            if rank != self._rank:
                self.metric.merge(counts)
        in_order = _take_turns([items for _, items, _ in everyone])
        found = [(path, self._postprocess.gives.from_json(value)) for path, value in in_order]
        return found, _take_turns([lines for _, _, lines in everyone])

    def close(self) -> None:
        """End the workers of the loaders."""
        for each in (self, *self._also.values()):
            each._loader.close()


def build_evaluator(
    config: Config,
    network: nn.Cell,
    place: process.Runtime = process.ALONE,
    *,
    report: bool = False,
    source: evaluation_report.Source | None = None,
    keep_lines: bool = False,
    views: ViewOptions | None = None,
    buckets: str | None = None,
) -> Evaluator:
    """Build an evaluator of ``network`` for the ``eval`` section.

    Args:
        place: the ranks among which the images are divided.
        report: also collect what the report page shows.
        source: how the configuration was loaded, for the commands on that page.
        keep_lines: also keep a line of JSON for each image.
        views: how the network looks at images; None = once, as the configuration resizes them.
        buckets: the value of ``--buckets``, see :func:`mindocr.inference.buckets.wanted_buckets`.

    Raises:
        ConfigError: a section that evaluation needs is absent, or there is no report for its predictions.
    """
    for section in ("eval", "postprocess", "metric"):
        if getattr(config, section) is None:
            raise ConfigError(f"{section}: evaluation needs this section; add it, or set system.val_while_train: False")
    postprocess, metric = POSTPROCESSES.build(config.postprocess or {}), METRICS.build(config.metric or {})
    page = evaluation_report.make_report(config, postprocess, metric, source) if report else None
    share: dict[str, int] = {"rank": place.rank, "world": place.world}
    given, wanted, viewed = config, wanted_buckets(buckets), None
    if views is not None and not views.is_plain:
        refuse_sizes(wanted)
        wanted = None
        alone = metric if place.world == 1 else None
        viewed = ViewedEvaluation(NetworkRunner(network), postprocess, config, views, alone)
        config = viewed.config
    further = {
        name: build_evaluator(each, network, place, views=views, buckets=buckets)
        for name, each in further_configs(given).items()
    }
    columns = (*(page.columns if page else ()), *(postprocess.gives.place if keep_lines else ()))
    loader = build.eval_loader(config, **share, columns=tuple(dict.fromkeys(columns)))
    return Evaluator(
        network, loader, postprocess, metric, page, **share, keep_lines=keep_lines, views=viewed, buckets=wanted,
        also=further,
    )  # fmt: skip


def further_configs(config: Config) -> dict[str, Config]:
    """The configuration for each data set of ``eval.also``: the same with that data set in ``eval.dataset``."""
    assert config.eval is not None  # the callers check
    found = {}
    for name, changes in config.eval.also.items():
        dataset = merge(config.eval.dataset, changes, "eval.dataset")
        section = config.eval.model_copy(update={"dataset": dataset, "also": {}})
        found[name] = config.model_copy(update={"eval": section})
    return found


def run(
    config: Config,
    report: Path | None = None,
    report_images: int | None = None,
    source: evaluation_report.Source | None = None,
    views: ViewOptions | None = None,
    buckets: str | None = None,
) -> Evaluation:
    """Evaluate ``eval.ckpt_load_path``; scores are logged and written beside the results (see ``results``).

    Args:
        config: what to evaluate.
        report: folder for an HTML page on what was missed and why; None = no page.
        report_images: largest number of images shown there; None = as many as fit.
        source: the configuration and the overrides, as after ``-c`` and ``-o``, for the commands on that page.
        views: in which views the network looks at each image, tiles among them; None = one.
        buckets: the value of ``--buckets``; None = ``auto`` on Ascend, else ``off``.
    """
    wanted_buckets(buckets)  # a wrong value is an error before anything is loaded
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
    evaluator = build_evaluator(
        config, network, place, report=report is not None, source=source, keep_lines=True, views=views, buckets=buckets
    )  # fmt: skip
    with ranks.together(place.rank, place.world, folder, place.device), closing(evaluator):
        evaluation = evaluator.run()
    if not place.is_main:
        return evaluation
    looked = "" if views is None or views.is_plain else str(views)
    results.write_results(evaluation, results.describe(config, evaluator.dataset, looked), folder)
    save_config(config, folder / results.SETTINGS)
    logger.info("%s", evaluation.summary())
    for name, other in evaluation.also.items():
        logger.info("%s: %s", name, other.summary())
    key = evaluation.kind.entries_key
    logger.info("scores: %s; %s: %s; each image: %s", folder / results.SCORES, key, folder / f"{key}.txt",
                folder / results.IMAGES)  # fmt: skip
    explain(network, evaluator.health, float(evaluation.scores[evaluator.main_indicator]), folder)
    if report is not None:
        further = {f"also evaluated: {name}": other.summary() for name, other in evaluation.also.items()}
        page = evaluator.report.write(report, {**evaluation_report.facts(config), **further}, report_images)
        logger.info("report: %s", page)
    return evaluation


def _take_turns(shares: Sequence[list[Any]]) -> list[Any]:
    """The items of all ranks in the order of the images: rank r has images r, r + world, and so on."""
    return [item for row in zip_longest(*shares) for item in row if item is not None]
