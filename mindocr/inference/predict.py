"""Prediction for the commands: the model, and what to predict. :mod:`mindocr.inference.run` predicts and writes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.config import Config
from mindocr.config.schema import Predict, PredictionConfig
from mindocr.errors import ConfigError
from mindocr.inference import checkpoint
from mindocr.inference.configured import configured
from mindocr.inference.exported import from_exported
from mindocr.inference.model_settings import algorithm_config, load_settings, stored_config
from mindocr.inference.predictor import Predictor
from mindocr.inference.run import NO_SOURCE, Outcome, run
from mindocr.models.algorithms import get_algorithm
from mindocr.registry import POSTPROCESSES

__all__ = [
    "Outcome", "Task", "algorithm_config", "choose", "from_algorithm", "from_config", "from_exported", "from_stored",
    "load_settings", "plan", "run", "stored_config",
]  # fmt: skip

logger = logging.getLogger(__name__)

DEFAULT_FOLDER = str(Predict.model_fields["output_save_dir"].default)
# The pipeline of the section belongs to the predictor, and its columns are those that the predictor needs.
_DATASET_KEYS = ("data_dir", "dataset_root", "recursive", "sample_ratio", "on_error")


def choose(
    config: Config | PredictionConfig,
    algorithm: str,
    ckpt: str | None = None,
    limit: tuple[int, str] | None = None,
) -> Predictor:
    """The predictor of a configuration, or that of an algorithm with its settings.

    Args:
        config: a complete configuration, or the result of :func:`algorithm_config`.
        algorithm: name of the algorithm; not used with a complete configuration.
        ckpt: checkpoint, a file or a folder.
        limit: (side length in pixels, ``max`` or ``min``) that replaces the configured resizing.
    """
    if config.postprocess is not None:
        POSTPROCESSES.build(config.postprocess)  # a wrong value is reported before weights are downloaded
    if isinstance(config, Config):
        return from_config(config, ckpt, limit)
    return from_algorithm(algorithm, ckpt, limit, config)


@dataclass(frozen=True)
class Task:
    """What to predict and where the results go.

    Attributes:
        dataset: arguments of ``PredictDataset``, without its pipeline.
        folder: for pictures and results.
        loader: arguments of the loader.
    """

    dataset: Mapping[str, Any]
    folder: str
    loader: Mapping[str, Any]


def plan(
    section: Predict | None,
    images: str | None = None,
    folder: str | None = None,
    batch_size: int | None = None,
    **changes: Any,
) -> Task:
    """Complete what a command leaves open by the ``predict`` section of a configuration.

    Args:
        section: None where there is no such section.
        images: image, folder or glob; None takes ``predict.dataset``.
        folder: for the results; None takes ``predict.output_save_dir``.
        batch_size: None takes ``predict.loader.batch_size``.
        changes: arguments of ``PredictDataset`` that replace those of ``predict.dataset`` unless they are None.

    Raises:
        ConfigError: neither names the images.
    """
    dataset = {k: v for k, v in (section.dataset if section else {}).items() if k in _DATASET_KEYS}
    if images is not None:
        dataset.update(data_dir=images, dataset_root="")
    if images == "":
        raise ConfigError(f"--image_dir: {NO_SOURCE}")
    if not dataset.get("data_dir"):
        raise ConfigError("--image_dir: required, because no configuration names predict.dataset.data_dir")
    dataset.update({key: value for key, value in changes.items() if value is not None})
    loader = section.loader.model_dump() if section else {"batch_size": 1}
    if batch_size is not None:
        loader["batch_size"] = batch_size
    return Task(dataset, folder or (section.output_save_dir if section else DEFAULT_FOLDER), loader)


def from_config(config: Config, ckpt: str | Path | None = None, limit: tuple[int, str] | None = None) -> Predictor:
    """A predictor with the network, the post-processing and the ``predict`` pipeline of a configuration.

    Args:
        ckpt: checkpoint; None takes ``predict.ckpt_load_path``, else ``eval.ckpt_load_path``.
        limit: (side length in pixels, ``max`` or ``min``) that replaces the configured resizing.

    Raises:
        ConfigError: no checkpoint is set, or there is no ``postprocess`` section.
    """
    runner = checkpoint.from_config(config, ckpt)
    return Predictor(runner, *configured(runner, limit))


def from_stored(
    ckpt: str | Path, model: Mapping[str, Any], config: PredictionConfig, limit: tuple[int, str] | None = None
) -> Predictor:
    """A predictor of a checkpoint that holds its settings, see :func:`stored_config`; other arguments as above."""
    POSTPROCESSES.build(config.postprocess)
    runner = checkpoint.from_stored(ckpt, model, config)
    return Predictor(runner, *configured(runner, limit))


def from_algorithm(
    name: str,
    ckpt: str | Path | None = None,
    limit: tuple[int, str] | None = None,
    config: PredictionConfig | None = None,
) -> Predictor:
    """A predictor by the short name of an algorithm, such as ``DB``; without ``ckpt`` with the released weights.

    Args:
        name: short name of the algorithm.
        ckpt: checkpoint, a file or a folder.
        limit: as for :func:`from_config`.
        config: settings that replace those of the algorithm, see :func:`algorithm_config`.
    """
    runner = checkpoint.from_algorithm(get_algorithm(name), ckpt, config)
    return Predictor(runner, *configured(runner, limit))
