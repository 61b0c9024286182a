"""Prediction for the commands: choose a model, predict, write pictures and results files."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mindocr.config import Config, load_config
from mindocr.config.schema import Predict
from mindocr.errors import ConfigError, UserError
from mindocr.inference import checkpoint, metadata
from mindocr.inference.mindir import MindIR
from mindocr.inference.pipeline import without_labels
from mindocr.inference.predictor import Predictor, configured
from mindocr.models import device
from mindocr.models.algorithms import get_algorithm
from mindocr.predictions.base import Prediction, write_predictions
from mindocr.registry import POSTPROCESSES
from mindocr.utils import files
from mindocr.utils.folders import prepare_output
from mindocr.utils.logs import start_logging

logger = logging.getLogger(__name__)

DEFAULT_FOLDER = str(Predict.model_fields["output_save_dir"].default)
# The pipeline of the section belongs to the predictor, and its columns are those that the predictor needs.
_DATASET_KEYS = ("data_dir", "dataset_root", "sample_ratio", "on_error")


def choose(
    config: Config | None,
    algorithm: str,
    ckpt: str | None,
    limit_side_len: int | None,
    limit_type: str,
) -> Predictor:
    """The predictor of a configuration, or without one that of an algorithm.

    Args:
        limit_side_len, limit_type: (pixels, ``max`` or ``min``) that replace the configured resizing.
    """
    limit = (limit_side_len, limit_type) if limit_side_len is not None else None
    return from_config(config, ckpt, limit) if config is not None else from_algorithm(algorithm, ckpt, limit)


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
    section: Predict | None, images: str | None = None, folder: str | None = None, batch_size: int | None = None
) -> Task:
    """Complete what a command leaves open by the ``predict`` section of a configuration.

    Args:
        section: None where there is no such section.
        images: image, folder or glob; None takes ``predict.dataset``.
        folder: for the results; None takes ``predict.output_save_dir``.
        batch_size: None takes ``predict.loader.batch_size``.

    Raises:
        ConfigError: neither names the images.
    """
    dataset = {k: v for k, v in (section.dataset if section else {}).items() if k in _DATASET_KEYS}
    if images is not None:
        dataset.update(data_dir=images, dataset_root="")
    if not dataset.get("data_dir"):
        raise ConfigError("--image_dir: required, because no configuration names predict.dataset.data_dir")
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


def from_algorithm(name: str, ckpt: str | Path | None = None, limit: tuple[int, str] | None = None) -> Predictor:
    """A predictor by the short name of an algorithm, such as ``DB``; without ``ckpt`` with the released weights."""
    runner = checkpoint.from_algorithm(get_algorithm(name), ckpt)
    return Predictor(runner, *configured(runner, limit))


def from_mindir(path: str | Path, config_path: str | Path) -> Predictor:
    """A predictor that runs a MindIR file, with the ``eval`` pipeline of a configuration.

    The post-processing is the one that the export has stored in the file, else the one of the configuration.

    Raises:
        ConfigError: the configuration has no ``eval`` or no ``postprocess`` section.
    """
    config = load_config(config_path, command="infer")
    if config.eval is None or config.postprocess is None:
        raise ConfigError(f"{config_path}: inference needs its eval and postprocess sections")
    start_logging()
    device.prepare(config.system)
    model = MindIR(path)
    own = model.metadata.get(metadata.POSTPROCESS)
    if own not in (None, config.postprocess):
        logger.info("using the post-processing stored in %s: %s", path, own)
    pipeline = without_labels(config.eval.dataset["transform_pipeline"])
    return Predictor(model, POSTPROCESSES.build(own or config.postprocess), pipeline)


def run(
    predictor: Predictor,
    source: str | Path | Mapping[str, Any],
    folder: str | Path,
    *,
    batch_size: int = 1,
    draw: bool = True,
    **loader: Any,
) -> list[tuple[str, Prediction]]:
    """Predict ``source`` and write to ``folder``: a picture for each image, and the results as text and as JSON.

    The prediction type names the files: ``det_results.txt``, ``det_results.json`` and ``<image>_det_res.png``.

    Args:
        source, batch_size, loader: see :meth:`mindocr.inference.predictor.Predictor.images`.
        folder: created if it does not exist.
        draw: write the pictures.

    Raises:
        UserError: the folder cannot be written, or would hold the source images themselves.
    """
    folder = prepare_output(folder, key="the results folder")
    gives: type[Prediction] = predictor.postprocess.gives
    results: list[tuple[str, Prediction]] = []
    taken: set[Path] = set()
    for path, image, found in predictor.images(source, batch_size, **loader):
        results.append((path, found))
        if draw:
            _write_picture(_free_name(folder, path, f"{gives.prefix}res.png", taken), found.draw(image), path)
    text_name, json_name = f"{gives.prefix}results.txt", f"{gives.prefix}results.json"
    write_predictions(results, folder / text_name)
    entries = [{"image": path, gives.entries_key: found.entries()} for path, found in results]
    files.write_text(folder / json_name, json.dumps(entries, ensure_ascii=False, indent=1) + "\n")
    count = sum(len(found) for _, found in results)
    logger.info("%d %s in %d images; %s%s and %s are in %s", count, gives.kind, len(results),
                "pictures, " if draw else "", text_name, json_name, folder)  # fmt: skip
    return results


def _free_name(folder: Path, path: str, ending: str, taken: set[Path]) -> Path:
    """A path for the picture of ``path`` that no other image of this run has."""
    stem, number = Path(path).stem, 1
    target = folder / f"{stem}_{ending}"
    while target in taken:
        number += 1
        target = folder / f"{stem}_{number}_{ending}"
    taken.add(target)
    return target


def _write_picture(target: Path, image: np.ndarray, source: str) -> None:
    done, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise UserError(f"the picture of '{source}' cannot be encoded (shape {image.shape})")
    target.write_bytes(encoded.tobytes())
