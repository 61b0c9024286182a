"""Prediction with a file that ``mindocr export`` has written, or with an ONNX file."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindocr.config import Config, load_config
from mindocr.config.schema import PredictionConfig, System
from mindocr.errors import ConfigError
from mindocr.inference import metadata
from mindocr.inference.configured import configured
from mindocr.inference.mindir import MindIR
from mindocr.inference.mindspore_lite import MindSporeLite
from mindocr.inference.onnx import Onnx
from mindocr.inference.pipeline import with_size, without_labels
from mindocr.inference.predictor import Predictor
from mindocr.inference.runner import ENDINGS, refuse_threads
from mindocr.inference.runtimes import runtime_of
from mindocr.models import device
from mindocr.models.file_kind import Kind, kind_of, refusal
from mindocr.registry import POSTPROCESSES

logger = logging.getLogger(__name__)


def from_exported(
    path: str | Path,
    config: str | Path | Config | PredictionConfig | None = None,
    system: System | None = None,
    runtime: str = "auto",
    threads: int | None = None,
) -> Predictor:
    """A predictor that runs a MindIR or ONNX file, or one of MindSpore Lite.

    The post-processing is the one that the export has stored in the file, else the one of the configuration.

    Args:
        path: the file.
        config: states how images are resized and normalised: a configuration with an ``eval`` pipeline, the path of
            one, or the settings of a named model with their ``predict`` pipeline. None = the settings in the file. A
            file of one input size changes the size in the pipeline to its own.
        system: device for a MindIR file; None = that of the configuration.
        runtime, threads: see :func:`mindocr.inference.runner.open_runner`.

    Raises:
        ConfigError: the configuration has no such pipeline or no ``postprocess`` section; or there is none and the file
            holds no settings.
        CheckpointError: the file is missing, damaged, or of another kind.
    """
    if isinstance(config, str | Path):
        config = load_config(config, command="infer")
    if config is not None:
        postprocess, pipeline = _settings(config)
    model: MindIR | Onnx | MindSporeLite
    kind = kind_of(path)
    ending = ENDINGS.get(kind, ".mindir") if kind else Path(path).suffix.lower()
    choice = runtime_of(ending if ending in (".onnx", ".ms") else ".mindir", runtime, str(path))
    if choice.runtime == "onnxruntime":
        model = Onnx(path, threads)
    elif choice.runtime == "mindspore_lite":
        model = MindSporeLite(path, threads)
    else:
        if error := refusal(path, "a MindIR or ONNX file", Kind.MINDIR):
            raise error
        refuse_threads(threads, path)
        device.prepare(system or (config.system if config is not None else System()))
        model = MindIR(path)
    model.metadata = metadata.completed(model.metadata, model.input_size)
    if config is None:
        return Predictor(model, *_stored(model, path))
    own = model.metadata.get(metadata.POSTPROCESS)
    if own not in (None, postprocess):
        logger.info("using the post-processing stored in %s: %s", path, own)
    return Predictor(model, POSTPROCESSES.build(own or postprocess), _fitted(pipeline, model.input_size, path))


def _settings(config: Config | PredictionConfig) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """The ``postprocess`` section and the pipeline of a configuration."""
    section = config.eval if isinstance(config, Config) else config.predict
    if section is None or config.postprocess is None:
        raise ConfigError("inference needs an eval and a postprocess section; the configuration lacks one of them")
    return config.postprocess, without_labels(section.dataset["transform_pipeline"])


def _stored(model: MindIR | Onnx | MindSporeLite, path: str | Path) -> tuple[Any, list[Any]]:
    try:
        return configured(model)
    except ConfigError as error:
        raise ConfigError(f"'{path}': {error}; on the command line: --det_model_name_or_config") from None


def _fitted(pipeline: list[dict[str, Any]], size: tuple[int, int], path: str | Path) -> list[dict[str, Any]]:
    """The pipeline, with another size if the file takes only one."""
    targets = [spec["DetResize"].get("target_size") for spec in pipeline if "DetResize" in spec]
    if -1 in size or targets == [list(size)]:
        return pipeline
    logger.info("images are resized to %d x %d (h x w), the only input size of %s", *size, path)
    return with_size(pipeline, size)
