"""The benchmarks' rules, by the name that ``metric.protocol`` takes; each module registers itself in ``PROTOCOLS``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindocr.errors import ConfigError
from mindocr.metrics.matching import MatchingProtocol
from mindocr.registry import Registry

PROTOCOLS = Registry("protocol", __name__)


def build_protocol(name: str, args: Mapping[str, Any] | None = None) -> MatchingProtocol:
    """The protocol called ``name``, with arguments of its own.

    Raises:
        ConfigError: no such protocol, or an argument that it does not take; the message lists the known ones.
    """
    problems = [
        f"metric.protocol_args.{key}: {problem}" if key else f"metric.protocol: {problem}"
        for key, problem in PROTOCOLS.check(name, args or {})
    ]
    if problems:
        raise ConfigError("; ".join(problems))
    return PROTOCOLS.get(name)(**(args or {}))
