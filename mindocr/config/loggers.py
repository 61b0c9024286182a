"""``train.loggers``: each entry is the name of a logger, or a mapping with ``name`` and arguments.

A name is a registered one, or ``module:Class`` for a logger that the user has written. Of the latter, the check reads
only the spelling: loading a configuration runs no code that it names. The run imports the class before its first step.
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
    """Return an entry as ``{name: ..., **arguments}``."""
    return dict(entry) if isinstance(entry, Mapping) else {"name": entry}


def is_own(name: Any) -> bool:
    """Whether a name means a class that the user has written, ``module:Class``."""
    return isinstance(name, str) and _OWN.fullmatch(name) is not None


def logger_problems(raw: Mapping[str, Any]) -> list[Problem]:
    """Problems of the loggers: unknown names, arguments that a constructor does not take, names that appear twice."""
    entries = lookup(raw, PLACE)
    problems: list[Problem] = []
    names: list[Any] = []
    for position, entry in enumerate(entries if isinstance(entries, list) else []):
        path, spec = f"{PLACE}[{position}]", as_spec(entry)
        name = spec.pop("name", None)
        if not isinstance(name, str):
            text = f"expected the name of a logger, or a mapping with 'name' and arguments, got {entry!r}"
            problems.append((path, text))
        elif name in names:
            problems.append((path, f"'{name}' is listed twice; keep one of the two"))
        elif name not in LOGGERS and not is_own(name):
            unknown = LOGGERS.check(name, {})[0][1]
            problems.append((path, f"{unknown}; for your own logger write 'module:Class'"))
        elif not is_own(name):
            problems += [(f"{path}.{argument}", text) for argument, text in LOGGERS.check(name, spec)]
        names.append(name)
    return problems
