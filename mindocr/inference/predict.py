"""Prediction for the commands: choose a model, predict, write pictures and results files."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mindocr.config import Config, load_config
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


def choose(
    config_path: str | None,
    overrides: Sequence[str],
    algorithm: str,
    ckpt: str | None,
    limit_side_len: int | None,
    limit_type: str,
) -> Predictor:
    """The predictor for the options of ``predict_det.py``: from the configuration if given, else from the algorithm."""
    start_logging()
    limit = (limit_side_len, limit_type) if limit_side_len is not None else None
    if config_path is not None:
        return from_config(load_config(config_path, overrides), ckpt, limit)
    if overrides:
        raise ConfigError("-o: overrides need a configuration to override; add -c FILE")
    return from_algorithm(algorithm, ckpt, limit)


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
    config = load_config(config_path)
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
    predictor: Predictor, source: str | Path, folder: str | Path, *, batch_size: int = 1, draw: bool = True
) -> list[tuple[str, Prediction]]:
    """Predict ``source`` and write to ``folder``: a picture for each image, and the results as text and as JSON.

    The prediction type names the files: ``det_results.txt``, ``det_results.json`` and ``<image>_det_res.png``.

    Raises:
        UserError: the folder cannot be written, or would hold the source images themselves.
    """
    folder = prepare_output(folder, key="the results folder")
    gives: type[Prediction] = predictor.postprocess.gives
    results: list[tuple[str, Prediction]] = []
    taken: set[Path] = set()
    for path, image, found in predictor.images(source, batch_size):
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
