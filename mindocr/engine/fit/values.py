"""Fits a post-processing by trying values of its arguments on the network's outputs, which are kept in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.config import Config
from mindocr.engine.fit.outcome import Row
from mindocr.engine.runtime import build
from mindocr.formats.benchmarks import ImagePair, Outlines
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.score import Score, score
from mindocr.models.network_runner import NetworkRunner
from mindocr.postprocess.fitting.values import CountOutputs, OutputsImage, ValueSetting, best_values, with_setting
from mindocr.predictions.base import decode_one
from mindocr.registry import POSTPROCESSES
from mindocr.utils.parallel import processes_for, run_over
from mindocr.utils.progress import progress

CHUNK = 4  # images passed to a process at a time


def fit_values(
    fit_config: Config,
    config: Config,
    settings: Sequence[ValueSetting],
    metric: DetMetric,
    runner: NetworkRunner,
    workers: int | None,
) -> tuple[list[Row], int, int]:
    """Fit to the images of one configuration and score on those of the other.

    Args:
        fit_config, config: their ``eval`` sections name the validation and the test images.
        settings: those to try, the current one first.
        metric: scores them.
        runner: the network.
        workers: processes; None = chosen by the number of images.

    Returns:
        Rows as for :class:`~mindocr.engine.fit.outcome.Outcome`, number of validation images, number of settings tried.
    """
    section = config.postprocess or {}
    validation, test = (_outputs(each, runner) for each in (fit_config, config))
    count = CountOutputs(section, settings, metric.protocol)

    def search(images: Sequence[OutputsImage], title: str) -> ValueSetting:
        processes = processes_for(len(images), workers, CHUNK)
        words = f"{len(settings)} settings, {title}"
        return best_values(list(run_over(count, images, processes, CHUNK, words)), settings, metric.protocol)

    best, oracle = search(validation, "validation images"), search(test, "test images")
    kinds = (("fixed", settings[0]), ("fitted", best), ("oracle", oracle))
    rows = [
        Row(kind, setting, _score(section, setting, validation, metric) if kind != "oracle" else None,
            _score(section, setting, test, metric))
        for kind, setting in kinds
    ]  # fmt: skip
    return rows, len(validation), len(settings)


def _outputs(config: Config, runner: NetworkRunner) -> list[OutputsImage]:
    """What the post-processing reads of each image of ``eval.dataset``."""
    postprocess = POSTPROCESSES.build(config.postprocess or {})
    images = []
    with build.eval_loader(config) as loader:
        for batch in progress(loader.epoch(), "network outputs", "batch", len(loader)):
            outputs = runner(batch["image"])
            for i in range(len(batch["polys"])):
                own = {name: np.array(outputs[name][i]) for name in postprocess.reads}
                columns = {name: batch[name][i] for name in postprocess.columns}
                ignore = np.asarray(batch["ignore_tags"][i], dtype=bool)
                images.append(OutputsImage(own, columns, list(batch["polys"][i]), ignore))
    return images


def _score(section: dict, setting: ValueSetting, images: Sequence[OutputsImage], metric: DetMetric) -> Score:
    postprocess = with_setting(section, setting)
    pairs = [
        ImagePair(
            str(i),
            Outlines(str(i), list(case.truth), case.ignore.tolist()),
            Outlines(str(i), decode_one(postprocess, case.outputs, case.columns).polys, []),
        )
        for i, case in enumerate(images)
    ]
    return score(pairs, (), metric)
