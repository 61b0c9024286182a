"""The protocols of the benchmarks by name; each module registers itself in ``PROTOCOLS``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindocr.errors import ConfigError
from mindocr.metrics.matching import MatchingProtocol
from mindocr.registry import Registry

PROTOCOLS = Registry("protocol", __name__)
DEFAULT_PROTOCOL = "icdar2015"


def protocol_problems(name: str, args: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Problems of a choice, as (argument of the metric, problem): no such protocol, or arguments that do not fit."""
    return [
        (f"protocol_args.{key}" if key else "protocol", problem) for key, problem in PROTOCOLS.check(name, args or {})
    ]


def build_protocol(name: str, args: Mapping[str, Any] | None = None) -> MatchingProtocol:
    """Build the protocol called ``name`` with its arguments.

    Raises:
        ConfigError: no such protocol, or an argument that it does not take; the message lists the known ones.
    """
    if problems := protocol_problems(name, args):
        raise ConfigError("; ".join(f"metric.{argument}: {problem}" for argument, problem in problems))
    return PROTOCOLS.get(name)(**(args or {}))
