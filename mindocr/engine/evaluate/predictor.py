"""Prediction: images in, text boxes out, drawn and written as text and JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from mindocr.config import Config, load_config
from mindocr.config.schema import System
from mindocr.data.loading.loader import Loader
from mindocr.engine.evaluate.evaluator import write_predictions
from mindocr.engine.export.mindir import MindIR
from mindocr.engine.runtime import build, process
from mindocr.engine.train.checkpoints import FORMATS
from mindocr.errors import CheckpointError, ConfigError, UserError
from mindocr.models.algorithms import get_algorithm
from mindocr.models.builder import build_model
from mindocr.models.network_runner import NetworkRunner
from mindocr.predictions.base import decode
from mindocr.predictions.detection import Detection
from mindocr.registry import DATASETS, POSTPROCESSES

logger = logging.getLogger(__name__)

TEXT_NAME = "det_results.txt"
JSON_NAME = "det_results.json"

Forward = Callable[[Sequence[np.ndarray]], dict[str, list[np.ndarray]]]


def default_pipeline(
    limit_side_len: int = 960, limit_type: str = "max", blue_first: bool = False
) -> list[dict[str, Any]]:
    """Decode, limit the side length, normalise: what prediction does when no configuration says otherwise."""
    return [
        {"DecodeImage": {"img_mode": "RGB", "to_float32": False, "keep_ori": True}},
        {
            "DetResize": {
                "keep_ratio": True,
                "padding": False,
                "limit_side_len": limit_side_len,
                "limit_type": limit_type,
            }
        },
        {"NormalizeImage": {"bgr_to_rgb": blue_first, "is_hwc": True, "mean": "imagenet", "std": "imagenet"}},
        {"ToCHWImage": None},
    ]


class Predictor:
    """Finds text in images with ``forward``, a function from network inputs (3, H, W) to probability maps (1, H, W).

    Args:
        forward: a network's :class:`~mindocr.models.network_runner.NetworkRunner`, or a loaded MindIR.
        postprocess: probability maps to polygons in source-image pixels.
        pipeline: transforms from file to network input.
    """

    def __init__(self, forward: Forward, postprocess: Any, pipeline: Sequence[Any]) -> None:
        self._forward = forward
        self._postprocess = postprocess
        self._pipeline = list(pipeline)

    def images(self, source: str | Path, batch_size: int = 1) -> Iterator[tuple[str, np.ndarray, Detection]]:
        """Yield (path, image (H, W, 3) uint8 RGB, what was found) for a file, a folder or a glob.

        Raises:
            DataError: nothing there, or an image that does not decode.
        """
        columns = ["image", "shape_list", "image_ori", "img_path"]
        spec = {"type": "PredictDataset", "data_dir": str(source), "transform_pipeline": self._pipeline}
        dataset = DATASETS.build({**spec, "output_columns": columns}, key="type", is_train=False, seed=0)
        with Loader(dataset, batch_size=batch_size) as loader:
            for batch in tqdm(loader.epoch(), total=len(loader), desc="predict", unit="batch", leave=False):
                found = decode(self._postprocess, self._forward(batch["image"]), batch)
                yield from zip(batch["img_path"], batch["image_ori"], found)


def from_config(config: Config, ckpt: str | Path | None = None, limit: tuple[int, str] | None = None) -> Predictor:
    """A predictor with the network, the post-processing and the ``predict`` pipeline of a configuration.

    Args:
        ckpt: weights; None takes ``predict.ckpt_load_path``, else ``eval.ckpt_load_path``.
        limit: (side length in pixels, ``max`` or ``min``) in place of the configured resizing.

    Raises:
        ConfigError: no weights are named, or there is no ``postprocess`` section.
    """
    sections = [s for s in (config.predict, config.eval) if s is not None]
    weights = find_weights(ckpt) if ckpt else next((s.ckpt_load_path for s in sections if s.ckpt_load_path), None)
    if weights is None:
        raise ConfigError(
            "predict.ckpt_load_path: required for prediction; name a checkpoint there or with --det_model_dir"
        )
    if config.postprocess is None:
        raise ConfigError("postprocess: prediction needs this section; add it")
    process.start(config.system, may_be_alone=True)
    network = build.network(config, training=False, ckpt=weights)
    configured = config.predict.dataset.get("transform_pipeline") if config.predict is not None else None
    pipeline = default_pipeline(*limit) if limit or not configured else configured
    return Predictor(NetworkRunner(network), POSTPROCESSES.build(config.postprocess), pipeline)


def from_algorithm(
    name: str, ckpt: str | Path | None = None, limit: tuple[int, str] | None = None, system: System | None = None
) -> Predictor:
    """A predictor by the short name of an algorithm, such as ``DB``; without ``ckpt``, with its released weights."""
    algorithm = get_algorithm(name)
    process.start(system or System())
    network = build_model(algorithm.model, ckpt=find_weights(ckpt) if ckpt else None, pretrained=ckpt is None)
    pipeline = default_pipeline(*(limit or algorithm.limit), algorithm.blue_first)
    return Predictor(NetworkRunner(network), POSTPROCESSES.build(algorithm.postprocess), pipeline)


def from_mindir(path: str | Path, config_path: str | Path) -> Predictor:
    """A predictor that runs a MindIR file, with the ``eval`` resizing of a configuration.

    The post-processing is that inside the file, put there by an export from a configuration; else the configuration's.

    Raises:
        ConfigError: the configuration has no ``eval`` or no ``postprocess`` section.
    """
    config = load_config(config_path)
    if config.eval is None or config.postprocess is None:
        raise ConfigError(f"{config_path}: inference needs its eval and postprocess sections")
    process.start_logging()
    process.start(config.system, may_be_alone=True)
    # Labels are not there, the picture is wanted for drawing.
    pipeline = [op for op in config.eval.dataset["transform_pipeline"] if "DetLabelEncode" not in op]
    pipeline = [
        {n: {**(a or {}), "keep_ori": True} if n == "DecodeImage" else a for n, a in op.items()} for op in pipeline
    ]
    model = MindIR(path)
    if model.postprocess not in (None, config.postprocess):
        logger.info("%s brings its own post-processing, which is used: %s", path, model.postprocess)
    return Predictor(model, POSTPROCESSES.build(model.postprocess or config.postprocess), pipeline)


def choose(
    config_path: str | None,
    overrides: Sequence[str],
    algorithm: str,
    ckpt: str | None,
    limit_side_len: int | None,
    limit_type: str,
) -> Predictor:
    """The predictor that the options of ``predict_det.py`` ask for: by configuration if given, else by algorithm."""
    process.start_logging()
    limit = (limit_side_len, limit_type) if limit_side_len is not None else None
    if config_path is not None:
        return from_config(load_config(config_path, overrides), ckpt, limit)
    if overrides:
        raise ConfigError("-o: overrides need a configuration to override; add -c FILE")
    return from_algorithm(algorithm, ckpt, limit)


def find_weights(path: str | Path) -> Path:
    """``path`` itself, or ``best.ckpt`` or ``best.safetensors`` (else the only checkpoint) in it when it is a folder.

    Raises:
        CheckpointError: a folder without a checkpoint, or with several and not one that is called ``best``.
    """
    path = Path(path)
    if not path.is_dir():
        return path
    files = sorted(file for suffix in FORMATS for file in path.glob(f"*.{suffix}"))
    best = [file for file in files if file.stem == "best"] or files
    if len(best) != 1:
        raise CheckpointError(
            f"'{path}' holds {len(files)} checkpoints and not one of them is best.ckpt; name the file instead of "
            "the folder"
        )
    return best[0]


def run(
    predictor: Predictor, source: str | Path, folder: str | Path, *, batch_size: int = 1, draw: bool = True
) -> list[tuple[str, Detection]]:
    """Predict ``source`` and write to ``folder``: a picture for each image, ``det_results.txt``, ``det_results.json``.

    Raises:
        UserError: the folder cannot be written, or would hold the source images themselves.
    """
    folder = process.prepare_output(folder, key="the results folder")
    results: list[tuple[str, Detection]] = []
    taken: set[Path] = set()
    for path, image, found in predictor.images(source, batch_size):
        results.append((path, found))
        if draw:
            _write_picture(_free_name(folder, path, taken), found.draw(image), path)
    write_predictions(results, folder / TEXT_NAME)
    entries = [{"image": path, "detections": found.entries()} for path, found in results]
    (folder / JSON_NAME).write_text(json.dumps(entries, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    count = sum(len(found) for _, found in results)
    logger.info("%d texts in %d images; %s%s and %s are in %s", count, len(results),
                "pictures, " if draw else "", TEXT_NAME, JSON_NAME, folder)  # fmt: skip
    return results


def _free_name(folder: Path, path: str, taken: set[Path]) -> Path:
    """A name for the picture of ``path`` that no other image of this run has."""
    stem, number = Path(path).stem, 1
    target = folder / f"{stem}_det_res.png"
    while target in taken:
        number += 1
        target = folder / f"{stem}_{number}_det_res.png"
    taken.add(target)
    return target


def _write_picture(target: Path, image: np.ndarray, source: str) -> None:
    done, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise UserError(f"the picture of '{source}' cannot be encoded (shape {image.shape})")
    target.write_bytes(encoded.tobytes())
