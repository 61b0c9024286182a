"""The benchmarks' rules, by the name that ``metric.protocol`` takes."""

from __future__ import annotations

from mindocr.errors import ConfigError
from mindocr.metrics.matching import MatchingProtocol
from mindocr.metrics.protocols.icdar2015 import Icdar2015
from mindocr.registry import suggest

PROTOCOLS: dict[str, type[MatchingProtocol]] = {"icdar2015": Icdar2015}


def build_protocol(name: str) -> MatchingProtocol:
    """The protocol called ``name``.

    Raises:
        ConfigError: no such protocol; the message lists the known ones.
    """
    if name not in PROTOCOLS:
        known = ", ".join(sorted(PROTOCOLS))
        raise ConfigError(f"metric.protocol: unknown protocol '{name}'{suggest(name, PROTOCOLS)}; known: {known}")
    return PROTOCOLS[name]()
