"""``train.loggers``: each entry is the name of a logger, or a mapping with ``name`` and arguments.

A name is registered, or ``module:Class`` for a logger of the user's own. The check looks only at the spelling of the
latter: reading a configuration runs no code that it names. The run imports it before its first step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mindocr.config.parts import lookup
from mindocr.config.wording import Problem
from mindocr.registry import LOGGERS

PLACE = "train.loggers"
_OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def as_spec(entry: Any) -> dict[str, Any]:
    """An entry as ``{name: ..., **arguments}``."""
    return dict(entry) if isinstance(entry, Mapping) else {"name": entry}


def is_own(name: Any) -> bool:
    """Whether a name means a class of the user's own, ``module:Class``."""
    return isinstance(name, str) and _OWN.fullmatch(name) is not None


def logger_problems(raw: Mapping[str, Any]) -> list[Problem]:
    """Names that no registry knows, arguments that a constructor does not take, and loggers named twice."""
    entries = lookup(raw, PLACE)
    problems: list[Problem] = []
    names: list[Any] = []
    for position, entry in enumerate(entries if isinstance(entries, list) else []):
        place, spec = f"{PLACE}[{position}]", as_spec(entry)
        name = spec.pop("name", None)
        if not isinstance(name, str):
            text = f"expected the name of a logger, or a mapping with 'name' and arguments, got {entry!r}"
            problems.append((place, text))
        elif name in names:
            problems.append((place, f"'{name}' is named twice; keep one of the two"))
        elif name not in LOGGERS and not is_own(name):
            unknown = LOGGERS.check(name, {})[0][1]
            problems.append((place, f"{unknown}; a logger of your own is written 'module:Class'"))
        elif not is_own(name):
            problems += [(f"{place}.{argument}", text) for argument, text in LOGGERS.check(name, spec)]
        names.append(name)
    return problems
