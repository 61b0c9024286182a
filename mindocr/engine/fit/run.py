"""The complete fit: maps, search, scores, files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.config import Config
from mindocr.engine.fit.maps import cached_maps, weights_key
from mindocr.engine.fit.outcome import Outcome, Row
from mindocr.engine.fit.splits import THE_REST, Split, fitting_dataset, refuse_overlap
from mindocr.engine.fit.values import fit_values
from mindocr.engine.runtime import build, process
from mindocr.errors import CheckpointError, ConfigError
from mindocr.formats.benchmarks import ImagePair, Outlines
from mindocr.images.read import read_file
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.score import Score, score
from mindocr.models.network_runner import NetworkRunner
from mindocr.postprocess.db import DBPostprocess
from mindocr.postprocess.fitting.grid import Grid, Setting, around, make_grid, setting_of
from mindocr.postprocess.fitting.judged_images import load_judged_image
from mindocr.postprocess.fitting.search import CountImage, Found, JudgedImage, best_setting, region_heights
from mindocr.postprocess.fitting.values import value_settings
from mindocr.registry import DATASETS, METRICS, POSTPROCESSES
from mindocr.utils.files import hash_bytes
from mindocr.utils.parallel import processes_for, run_over
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)

CHUNK = 16  # images passed to a process at a time
LOW_AND_HIGH = (0.2, 0.8)  # quantiles of the text heights between which the ratio changes


@dataclass(frozen=True)
class Options:
    """How to fit.

    Attributes:
        split: which images to fit on.
        grid: ``KEY=VALUES`` words, see :func:`mindocr.postprocess.fitting.grid.make_grid`.
        by_height: also try ratios that depend on the height of a text.
        workers: processes; None = chosen by the number of images, at most one for each CPU.
        folder: for maps and results; None = ``fit`` in ``train.ckpt_save_dir``.
        output: the overlay; None = ``fitted.yaml`` in that folder.
    """

    split: Split
    grid: Sequence[str] = ()
    by_height: bool = True
    workers: int | None = None
    folder: Path | None = None
    output: Path | None = None


def run(config: Config, ckpt: str, options: Options) -> Outcome:
    """Fit the post-processing of a configuration to a checkpoint, and score the result.

    Raises:
        UserError: the images to fit on include test images, or settings, data or weights cannot be used.
    """
    postprocess, metric = _parts(config)
    maps = isinstance(postprocess, DBPostprocess)
    grid = make_grid(postprocess, options.grid) if maps else value_settings(postprocess, options.grid)
    if not Path(ckpt).is_file():
        raise CheckpointError(f"--ckpt: '{ckpt}': no such file; name the checkpoint to fit the post-processing to")
    process.start_logging()
    folder = process.prepare_output(options.folder or Path(config.train.ckpt_save_dir) / "fit", key="--folder")
    fit_config = _with_dataset(config, fitting_dataset(config, options.split, folder))
    if options.split.name == "train-holdout":
        logger.warning(
            "held-out images are a valid test only for a network that was not trained on them; make sure that %s was "
            "trained without them (label files of the other images: %s)", ckpt, folder / THE_REST.format("*"),
        )  # fmt: skip
    fitted, reported = (_dataset(each) for each in (fit_config, config))
    hashes = refuse_overlap(fitted, reported)

    @cache
    def runner() -> NetworkRunner:
        process.start(config.system)
        return NetworkRunner(build.network(config, training=False, ckpt=ckpt))

    if isinstance(grid, list):
        rows, images, tried = fit_values(fit_config, config, grid, metric, runner(), options.workers)
    else:
        rows, images, tried = _fit_maps(fit_config, config, grid, hashes, ckpt, folder, options, runner)
    outcome = Outcome(rows, _words(options.split, images), tried, options.output or folder / "fitted.yaml")
    outcome.write(folder)
    return outcome


@dataclass(frozen=True)
class ValidationFit:
    """Settings fitted on validation images, without test images.

    Attributes:
        now, fitted: the configured setting and the best one.
        score_now, score_fitted: their scores on the same images.
        files: the maps, one for each image, in the order of the data set.
        tried: number of settings.
    """

    now: Setting
    fitted: Setting
    score_now: Score
    score_fitted: Score
    files: list[str]
    tried: int


def fit_validation(config: Config, ckpt: str | Path, folder: Path, workers: int | None = None) -> ValidationFit | None:
    """Fit the post-processing on ``eval.dataset``, which must not be a test set.

    The expansion ratio does not depend on the height of a text here: a few dozen images do not support that.

    Args:
        config: its ``eval`` section names the validation images.
        ckpt: computes the maps.
        folder: where the maps are kept.

    Returns:
        None if the post-processing does not take probability maps.
    """
    postprocess, metric = _parts(config)
    if not isinstance(postprocess, DBPostprocess):
        return None
    dataset = _dataset(config)
    hashes = {record.img_path: hash_bytes(read_file(record.img_path)) for record in dataset.records}

    def runner() -> NetworkRunner:
        process.start(config.system)
        return NetworkRunner(build.network(config, training=False, ckpt=ckpt))

    key, now = weights_key(config, ckpt), setting_of(postprocess)
    maps = cached_maps(config, dataset.records, hashes, key, folder, postprocess, runner)
    search = _Search(make_grid(postprocess), metric, now, False, processes_for(len(maps), workers, CHUNK))
    best = search(maps, "validation images")
    scores = [_score(config, setting, maps, metric) for setting in (now, best.setting)]
    return ValidationFit(now, best.setting, scores[0], scores[1], maps, best.tried)


def _fit_maps(
    fit_config: Config, config: Config, grid: Grid, hashes: dict[str, str], ckpt: str, folder: Path, options: Options,
    runner: Callable[[], NetworkRunner],
) -> tuple[list[Row], int, int]:  # fmt: skip
    """Fit to probability maps on disk; returns rows, number of validation images, number of settings tried."""
    postprocess, metric = _parts(config)
    fitted, reported = (_dataset(each) for each in (fit_config, config))
    key = weights_key(config, ckpt)
    validation, test = (
        cached_maps(each, dataset.records, hashes, key, folder / "maps", postprocess, runner)
        for each, dataset in ((fit_config, fitted), (config, reported))
    )
    now = setting_of(postprocess)
    search = _Search(grid, metric, now, options.by_height, processes_for(len(validation), options.workers, CHUNK))
    best, oracle = search(validation, "validation images"), search(test, "test images")
    rows = [
        Row(kind, setting, _score(config, setting, validation, metric) if kind != "oracle" else None,
            _score(config, setting, test, metric))
        for kind, setting in (("fixed", now), ("fitted", best.setting), ("oracle", oracle.setting))
    ]  # fmt: skip
    return rows, len(validation), best.tried


@dataclass(frozen=True)
class _Search:
    """Searches a grid, then ratios by height around the best setting."""

    grid: Grid
    metric: DetMetric
    now: Setting
    by_height: bool
    workers: int

    def __call__(self, files: Sequence[str], title: str) -> Found:
        best = self._search(files, self.grid, title)
        if not self.by_height or best.setting.growth.expand_by_height:
            return best
        heights = np.concatenate([region_heights(load_judged_image(file), best.setting, self.grid) for file in files])
        low, high = np.quantile(heights, LOW_AND_HIGH).round(1).tolist() if len(heights) else (0.0, 0.0)
        if low >= high:
            return best
        finer = around(self.grid, best.setting, low, high)
        better = self._search(files, finer, f"{title}, ratios by height", best.setting)
        return replace(better if better.f_score > best.f_score else best, tried=best.tried + better.tried)

    def _search(self, files: Sequence[str], grid: Grid, title: str, now: Setting | None = None) -> Found:
        protocol = self.metric.protocol
        count = CountImage(grid, protocol, load_judged_image)
        counts = run_over(count, files, self.workers, CHUNK, title=f"{len(grid)} settings, {title}")
        return best_setting(counts, grid, protocol, now or self.now)


def _parts(config: Config) -> tuple[Any, DetMetric]:
    for section in ("eval", "postprocess", "metric"):
        if getattr(config, section) is None:
            raise ConfigError(f"{section}: fitting needs this section; add it")
    postprocess, metric = POSTPROCESSES.build(config.postprocess or {}), METRICS.build(config.metric or {})
    if not isinstance(postprocess, DBPostprocess) and not hasattr(postprocess, "fit_values"):
        raise ConfigError(f"postprocess.name: {type(postprocess).__name__} has no settings that can be fitted")
    if not isinstance(metric, DetMetric):
        raise ConfigError(f"metric.name: fitting needs DetMetric, got {type(metric).__name__}")
    return postprocess, metric


def _with_dataset(config: Config, dataset: dict) -> Config:
    assert config.eval is not None
    return config.model_copy(update={"eval": config.eval.model_copy(update={"dataset": dataset})})


def _dataset(config: Config) -> Any:
    assert config.eval is not None
    return DATASETS.build(config.eval.dataset, key="type", is_train=False, seed=config.system.seed)


def _score(config: Config, setting: Setting, files: Sequence[str], metric: DetMetric) -> Score:
    """Score of a setting, computed in the same way as in evaluation."""
    postprocess = POSTPROCESSES.build({**(config.postprocess or {}), **setting.arguments()})

    def pairs() -> Iterator[ImagePair]:
        for file in progress(files, "scores", "image"):
            case: JudgedImage = load_judged_image(file)
            (found,) = postprocess([case.prob], case.shape[None])
            yield ImagePair(
                file, Outlines(file, list(case.truth), case.ignore.tolist()), Outlines(file, found.polys, [])
            )

    return score(list(pairs()), (), metric)


def _words(split: Split, images: int) -> str:
    if split.name == "val":
        return f"{images} validation images of {split.label_file}"
    return f"{images} images held out from the training images ({split.holdout:g} of them, seed {split.seed})"
