"""Runners for checkpoints: the network is built from a configuration or a name, and MindSpore runs it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindocr.config import Config, load_config
from mindocr.config.check import check_for
from mindocr.config.compat import upgrade
from mindocr.config.schema import PredictionConfig, System
from mindocr.errors import CheckpointError, ConfigError
from mindocr.inference import dictionary, metadata
from mindocr.models.algorithms import ALGORITHMS, Algorithm, get_algorithm
from mindocr.models.ckpt_entries import MODEL_KEY, RUN_ENTRY, SETTINGS_ENTRY, unpack
from mindocr.models.ckpt_format import FORMATS
from mindocr.models.zoo import recognise

if TYPE_CHECKING:
    from mindocr.models.network_runner import NetworkRunner

logger = logging.getLogger(__name__)

_OTHERS = ("mindir", "onnx", "pth", "pt", "pdparams")  # endings of files that a folder may hold instead


def open_file(path: Path, config: str | Path | None = None) -> NetworkRunner:
    """Open the network of a checkpoint.

    Args:
        path: the file, or a folder, see :func:`find_weights`.
        config: YAML file that describes the network; None takes the configuration that training has stored in the
            checkpoint, else the named model whose parameters have the same names and shapes.

    Raises:
        CheckpointError: the file cannot be used, or its network is unknown.
        ConfigError: the configuration cannot be used.
    """
    path = find_weights(path)
    if config is not None:
        return from_config(load_config(config, command="predict"), path)
    from mindocr.models.weights import read_checkpoint

    entries = read_checkpoint(path)
    if SETTINGS_ENTRY in entries:
        settings = unpack(entries[SETTINGS_ENTRY])
        return _run(settings[MODEL_KEY], System(), settings, ckpt=path, pretrained=False)
    about = unpack(entries[RUN_ENTRY]) if RUN_ENTRY in entries else {}
    if "config" in about:
        return from_config(_checked(about["config"], path), path)
    name = recognise({name: tuple(value.shape) for name, value in entries.items()})
    if name is None:
        raise CheckpointError(
            f"{path}: no configuration is stored in this checkpoint and its parameters fit no named model; pass the "
            "YAML file that it was trained with as config"
        )
    logger.info("%s: the parameters are those of %s; its settings are used", path, name)
    return from_algorithm(_algorithm_of(name), path)


def stored_sections(path: str | Path) -> dict[str, Any] | None:
    """The sections that a checkpoint holds for prediction: ``model``, ``system``, ``postprocess`` and ``predict``.

    Args:
        path: the file, or a folder, see :func:`find_weights`.

    Returns:
        None for a checkpoint that holds no settings, such as those of MindOCR, or none for prediction.
    """
    from mindocr.models.weights import read_checkpoint

    path = find_weights(path)
    entries = read_checkpoint(path)
    if SETTINGS_ENTRY in entries:
        settings, system = unpack(entries[SETTINGS_ENTRY]), System()
        model = settings[MODEL_KEY]
    else:
        about = unpack(entries[RUN_ENTRY]) if RUN_ENTRY in entries else {}
        if "config" not in about:
            return None
        config = _checked(about["config"], path)
        settings, system, model = metadata.of_sections(config.model_dump()), config.system, config.model.model_dump()
    if metadata.POSTPROCESS not in settings:
        return None
    dataset = {"type": "PredictDataset", "data_dir": "", "transform_pipeline": settings[metadata.PIPELINE]}
    predict = {"dataset": dataset, "loader": {"num_workers": 0}}
    postprocess = settings[metadata.POSTPROCESS]
    return {"model": model, "system": system.model_dump(), "postprocess": postprocess, "predict": predict}


def from_stored(path: str | Path, model: Mapping[str, Any], config: PredictionConfig) -> NetworkRunner:
    """Open the network of a checkpoint that holds its ``model`` section, with other settings for prediction."""
    settings = metadata.of_sections(config.model_dump())
    return _run(model, config.system, settings, ckpt=find_weights(path), pretrained=False)


def open_config(path: Path, ckpt: str | Path | None = None) -> NetworkRunner:
    """Open the network of a YAML file."""
    return from_config(load_config(path, command="predict"), ckpt)


def open_named(name: str, ckpt: str | Path | None = None) -> NetworkRunner:
    """Open the network of a named model or an algorithm."""
    return from_algorithm(get_algorithm(name) if name.upper() in ALGORITHMS else _algorithm_of(name), ckpt)


def from_config(config: Config, ckpt: str | Path | None = None) -> NetworkRunner:
    """Open the network of a configuration, in the precision of ``system.amp_level_infer``.

    Args:
        ckpt: checkpoint, a file or a folder; None takes ``predict.ckpt_load_path``, else ``eval.ckpt_load_path``.

    Raises:
        ConfigError: no checkpoint is set, or there is no ``postprocess`` section.
    """
    sections = [s for s in (config.predict, config.eval) if s is not None]
    weights = find_weights(ckpt) if ckpt else next((s.ckpt_load_path for s in sections if s.ckpt_load_path), None)
    if weights is None:
        raise ConfigError(
            "predict.ckpt_load_path: required for prediction; set it to a checkpoint, or use --det_model_dir"
        )
    if config.postprocess is None:
        raise ConfigError("postprocess: prediction needs this section; add it")
    config = dictionary.complete(config, weights, "the checkpoint to predict with")
    settings = metadata.of_sections(config.model_dump())
    return _run(config.model.model_dump(), config.system, settings, ckpt=weights, pretrained=False)


def from_algorithm(
    algorithm: Algorithm, ckpt: str | Path | None = None, config: PredictionConfig | None = None
) -> NetworkRunner:
    """Open the network of an algorithm; without ``ckpt`` it gets the released weights, which are downloaded once.

    Args:
        algorithm: named model and its settings.
        ckpt: checkpoint, a file or a folder.
        config: settings that replace those of the algorithm.
    """
    weights = find_weights(ckpt) if ckpt else None
    settings = metadata.of_algorithm(algorithm)
    if config is not None:
        settings.update(metadata.of_sections(config.model_dump()))
    system = System() if config is None else config.system
    return _run(algorithm.model, system, settings, ckpt=weights, pretrained=weights is None)


def find_weights(path: str | Path) -> Path:
    """Return ``path``; for a folder, ``best.ckpt`` or ``best.safetensors`` in it, else the only checkpoint in it.

    Raises:
        CheckpointError: a folder without a checkpoint, or with several and not exactly one named ``best``.
    """
    path = Path(path)
    if not path.is_dir():
        return path
    files = sorted(file for suffix in FORMATS for file in path.glob(f"*.{suffix}"))
    best = [file for file in files if file.stem == "best"] or files
    if len(best) != 1:
        others = sorted(file.name for suffix in _OTHERS for file in path.glob(f"*.{suffix}")) if not files else []
        has = f"; it has {', '.join(others[:5])}" if others else ""
        raise CheckpointError(
            f"'{path}' holds {len(files)} checkpoints; expected one, or one named best.ckpt or best.safetensors; name "
            f"the file instead of the folder{has}"
        )
    return best[0]


def _run(
    model: str | Mapping[str, Any],
    system: System,
    settings: Mapping[str, Any],
    *,
    ckpt: str | Path | None,
    pretrained: bool,
) -> NetworkRunner:
    from mindocr.models import device
    from mindocr.models.builder import build_model
    from mindocr.models.network_runner import NetworkRunner
    from mindocr.models.precision import set_precision

    device.prepare(system)
    network = build_model(model, ckpt=ckpt, pretrained=pretrained)
    set_precision(network, system.amp_level_infer)
    return NetworkRunner(network, metadata=settings)


def _checked(values: Mapping[str, Any], path: Path) -> Config:
    """The configuration stored in a checkpoint."""
    upgraded = upgrade(values)
    return check_for("predict", upgraded.values, f"{path} (the configuration stored in it)", upgraded.problems)[0]


def _algorithm_of(model: str) -> Algorithm:
    return next(algorithm for algorithm in ALGORITHMS.values() if algorithm.model == model)
