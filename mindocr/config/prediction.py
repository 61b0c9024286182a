"""Overrides for a named model, which has no configuration file: they apply to its own three sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mindocr.config.check import check_prediction
from mindocr.config.compat import upgrade
from mindocr.config.overrides import apply_overrides, parse_override
from mindocr.config.schema import Config, PredictionConfig
from mindocr.errors import ConfigError
from mindocr.registry import suggest


def override_sections(sections: Mapping[str, Any], overrides: Sequence[str], name: str) -> PredictionConfig:
    """Apply overrides to the sections of a named model, and check the result.

    Args:
        sections: values of ``system``, ``postprocess`` and ``predict``.
        overrides: such as ``postprocess.box_thresh=0.5``, as after ``-o``.
        name: the model in messages.

    Raises:
        ConfigError: an override of another section, an unknown key, or a value that does not fit.
    """
    known = list(PredictionConfig.model_fields)
    for word in overrides:
        section = parse_override(word)[0][0]
        if section in known:
            continue
        if section in Config.model_fields:
            raise ConfigError(f"-o {word}: a named model has no section '{section}'; name a configuration with -c FILE")
        raise ConfigError(f"-o {word}: unknown key '{section}'{suggest(section, known)}; known: {', '.join(known)}")
    upgraded = upgrade(apply_overrides(dict(sections), overrides))
    return check_prediction(upgraded.values, name, upgraded.problems)
