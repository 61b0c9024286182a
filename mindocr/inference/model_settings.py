"""The settings that a name or a file means: a YAML file, a recipe, or a named model."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mindocr.config import Config, load_config
from mindocr.config.prediction import override_sections
from mindocr.config.recipes import find_config, recipe_files
from mindocr.config.schema import PredictionConfig
from mindocr.errors import UserError
from mindocr.inference import metadata
from mindocr.models.algorithms import ALGORITHMS, get_algorithm
from mindocr.models.file_kind import Kind, refusal
from mindocr.registry import suggest

logger = logging.getLogger(__name__)


def algorithm_config(name: str, overrides: Sequence[str] = ()) -> PredictionConfig:
    """The settings of an algorithm, such as ``DB``, with overrides.

    Args:
        name: its short name.
        overrides: of the sections ``system``, ``postprocess`` and ``predict``, such as ``postprocess.box_thresh=0.5``.

    Raises:
        ConfigError: an unknown algorithm, or an override that does not fit.
    """
    settings = metadata.of_algorithm(get_algorithm(name))
    dataset = {"type": "PredictDataset", "data_dir": "", "transform_pipeline": settings[metadata.PIPELINE]}
    section = {"dataset": dataset, "loader": {"num_workers": 0}}
    sections = {"system": {}, "postprocess": settings[metadata.POSTPROCESS], "predict": section}
    return override_sections(sections, overrides, f"--det_algorithm {name}")


def stored_config(ckpt: str | Path, overrides: Sequence[str] = ()) -> tuple[dict[str, Any], PredictionConfig] | None:
    """The ``model`` section and the settings that a checkpoint holds, with overrides; None if it holds none.

    Args:
        ckpt: checkpoint, a file or a folder.
        overrides: as for :func:`algorithm_config`.

    Raises:
        CheckpointError: the checkpoint cannot be read.
        ConfigError: an override does not fit.
    """
    from mindocr.inference.checkpoint import stored_sections

    sections = stored_sections(ckpt)
    if sections is None:
        return None
    return sections.pop("model"), override_sections(sections, overrides, f"the settings stored in {ckpt}")


def load_settings(
    name_or_config: str, overrides: Sequence[str] = (), *, key: str, aliases: Mapping[str, str] | None = None
) -> Config | PredictionConfig:
    """A configuration, or the settings of a named model.

    Args:
        name_or_config: a YAML file; the name of a recipe, with or without ``.yaml``; or a named model or algorithm,
            such as ``dbnet_resnet50`` or ``DB``. A file comes first.
        overrides: ``key=value``, as after ``-o``.
        key: the option that gave the name, for messages.
        aliases: further names -> file name of the recipe that they mean.

    Raises:
        UserError: it is none of these; the message lists the known names.
        ConfigError: the configuration or an override has a mistake.
    """
    path, aliases = Path(name_or_config), aliases or {}
    if path.is_file():
        if error := refusal(path, "a YAML file", Kind.YAML):
            raise error
        return load_config(path, overrides, "infer")
    short = {algorithm.model: name for name, algorithm in ALGORITHMS.items()}
    if (algorithm := short.get(name_or_config, name_or_config.upper())) in ALGORITHMS:
        return algorithm_config(algorithm, overrides)
    stem = path.name.removesuffix(".yaml")
    if stem in aliases:
        recipe = next(file for file in recipe_files() if file.name == aliases[stem])
        logger.info("%s %s: using the recipe %s", key, name_or_config, recipe)
        return load_config(recipe, overrides, "infer")
    found = find_config(path)
    if found.is_file() or path.suffix.lower() in (".yaml", ".yml"):
        return load_config(found, overrides, "infer")
    known = [*short, *ALGORITHMS, *aliases, *(file.stem for file in recipe_files())]
    raise UserError(
        f"{key}: '{name_or_config}' is neither a YAML file nor a known name{suggest(name_or_config, known)}; known: "
        f"{', '.join(known)}"
    )
