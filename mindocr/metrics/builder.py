"""Builds a metric by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindocr.registry import METRICS


def build_metric(config: Mapping[str, Any]) -> Any:
    """Build a metric.

    Args:
        config: the ``metric`` section of a configuration, ``{name: DetMetric, **arguments}``.

    Raises:
        ConfigError: unknown name, or arguments that do not fit the constructor.
    """
    return METRICS.build(config)
