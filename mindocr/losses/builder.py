"""Builds a loss by its name."""

from __future__ import annotations

from typing import Any

from mindocr.registry import LOSSES


def build_loss(name: str, **arguments: Any) -> Any:
    """Build a loss, as the ``loss`` section of a configuration names it: ``build_loss(**section)``.

    Args:
        name: such as ``DBLoss``.
        arguments: of its constructor.

    Raises:
        ConfigError: unknown name, or arguments that do not fit the constructor.
    """
    return LOSSES.build({"name": name, **arguments})
