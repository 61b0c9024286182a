"""Builds a post-processing by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindocr.registry import POSTPROCESSES


def build_postprocess(config: Mapping[str, Any]) -> Any:
    """Build a post-processing.

    Args:
        config: the ``postprocess`` section of a configuration, ``{name: DBPostprocess, **arguments}``.

    Raises:
        ConfigError: unknown name, or arguments that do not fit the constructor.
    """
    return POSTPROCESSES.build(config)
