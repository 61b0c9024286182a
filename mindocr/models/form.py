"""The two forms of a ``model`` section: one network, or several by name. Imports no MindSpore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mindocr.registry import suggest

_REQUIRED = ("backbone", "head")
FEATURES = ("backbone_out", "neck_out")  # outputs that every network can give besides those of its head


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
    if model.get("quantization") is not None:
        problems.append(("quantization", "is not allowed beside networks; quantise the one that remains afterwards"))
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


def weight_problems(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Frozen networks that would start from random weights, as (path below a ``model`` section, text)."""
    networks = model.get("networks")
    return [
        (
            f"networks.{name}.pretrained",
            "required, because the network is frozen, and random weights teach nothing; give the path, the URL or the "
            "released name of its weights",
        )
        for name, section in (networks.items() if isinstance(networks, Mapping) else ())
        if isinstance(section, Mapping) and section.get("frozen") is True and not section.get("pretrained")
    ]


def output_problem(names: Sequence[str], training: Sequence[str], inference: Sequence[str], frozen: bool) -> str | None:
    """What is wrong with the ``outputs`` of a network, whose head has these in training and in evaluation.

    A frozen network may give either the training or the inference outputs of its head.
    """
    groups = (inference, training) if frozen else (training,)
    known = tuple(dict.fromkeys(name for group in (*groups, FEATURES) for name in group))
    if not names:
        return f"names none; leave it out, or choose from {', '.join(known)}"
    for name in names:
        if name not in known:
            return f"no output '{name}'{suggest(str(name), known)}; there are {', '.join(known)}"
        if list(names).count(name) > 1:
            return f"names '{name}' twice"
    of_head = {name for name in names if name not in FEATURES}
    if not any(of_head <= set(group) for group in groups):
        return (
            f"{', '.join(sorted(of_head))} together: the head gives {', '.join(training)} in training and "
            f"{', '.join(inference)} in evaluation, not both at once"
        )
    return None


def _use_problems(use: Any, networks: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = ", ".join(map(str, networks))
    sections = [section for section in networks.values() if isinstance(section, Mapping)]
    if sections and all(section.get("frozen") for section in sections):
        yield "networks", "all networks are frozen, so nothing would be trained; the student must not be frozen"
    elif use is None:
        yield "use", f"required beside networks: the one for evaluation, prediction and export; known: {known}"
    elif use not in networks:
        yield "use", f"no network is called {use!r}; known: {known}"
    elif isinstance(networks[use], Mapping) and networks[use].get("frozen"):
        yield "use", f"'{use}' is frozen, so it would not be trained; use another network"
