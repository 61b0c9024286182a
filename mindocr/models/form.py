"""The two forms of a ``model`` section: one network, or several by name. Imports no MindSpore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_REQUIRED = ("backbone", "head")


def form_problems(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with the form of a ``model`` section, as (path below it, text)."""
    networks = model.get("networks")
    if networks is None:
        problems = [(key, "required, as {name: ..., arguments}") for key in _REQUIRED if not model.get(key)]
        if model.get("use") is not None:
            problems.append(("use", "names one of model.networks, and there are none; leave it out"))
        return problems
    if not isinstance(networks, Mapping) or not networks:
        return [("networks", f"expected {{name: {{backbone: ..., head: ...}}, ...}}, got {networks!r}")]
    problems = [
        (key, "is not allowed beside networks; move it into one of the networks")
        for key in ("backbone", "neck", "head", "pretrained")
        if model.get(key) is not None
    ]
    for name, section in networks.items():
        if not (isinstance(name, str) and name.isidentifier()):
            problems.append(
                (f"networks.{name}", "a network's name has letters, digits and _, and begins with a letter")
            )
        if not isinstance(section, Mapping):
            problems.append((f"networks.{name}", f"expected {{backbone: ..., head: ...}}, got {section!r}"))
            continue
        problems += [
            (f"networks.{name}.{key}", "required, as {name: ..., arguments}")
            for key in _REQUIRED
            if not section.get(key)
        ]
    return problems + list(_use_problems(model.get("use"), networks))


def _use_problems(use: Any, networks: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = ", ".join(map(str, networks))
    if use is None:
        yield "use", f"required beside networks: the one for evaluation, prediction and export; known: {known}"
    elif use not in networks:
        yield "use", f"no network is called {use!r}; known: {known}"
    elif isinstance(networks[use], Mapping) and networks[use].get("frozen"):
        yield "use", f"'{use}' is frozen, so it would not be trained; use another network"
