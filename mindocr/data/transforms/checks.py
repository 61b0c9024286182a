"""Checks of a configured pipeline before it runs: names, arguments, and the keys that ops read and write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from mindocr.data.transforms.protocol import Op
from mindocr.errors import ConfigError
from mindocr.registry import TRANSFORMS, suggest

Spec = Mapping[str, Any] | str


def check_pipeline(
    specs: Sequence[Spec],
    provided_keys: Sequence[str],
    output_columns: Sequence[str] | None = None,
    is_train: bool = True,
) -> list[str]:
    """Every problem of a pipeline, each beginning with ``[i].OpName`` or ``output_columns``; empty if there is none."""
    built, problems = build_ops(specs, is_train)
    if problems:
        return problems
    return key_problems(built, provided_keys, output_columns)


def build_ops(specs: Sequence[Spec], is_train: bool) -> tuple[list[tuple[str, Op]], list[str]]:
    """The ops that can be built, each with its position and name, and the problems of the others."""
    built: list[tuple[str, Op]] = []
    problems: list[str] = []
    args: Any
    for i, spec in enumerate(specs):
        if isinstance(spec, str):
            name, args = spec, {}
        elif isinstance(spec, Mapping) and len(spec) == 1:
            name, args = next(iter(spec.items()))
            args = {} if args is None else args
        else:
            problems.append(f"[{i}]: expected one op as {{Name: {{argument: value}}}} or Name, got {spec!r}")
            continue
        if not isinstance(args, Mapping):
            problems.append(f"[{i}].{name}: expected arguments as a mapping, got {args!r}")
            continue
        wrong = TRANSFORMS.check(name, args)
        problems += [f"[{i}].{name}{f'.{key}' if key else ''}: {text}" for key, text in wrong]
        if wrong:
            continue
        try:
            built.append((f"[{i}].{name}", TRANSFORMS.build({**args, "name": name}, is_train=is_train)))
        except ConfigError as error:
            problems.append(f"[{i}].{name}: {str(error).removeprefix(f'{name}: ')}")
    return built, problems


def key_problems(
    ops: Sequence[tuple[str, Op]], provided_keys: Sequence[str], output_columns: Sequence[str] | None
) -> list[str]:
    """Problems of keys that are read, or requested at the end, but that no earlier op writes."""
    available = set(provided_keys)
    always = {"progress"}  # every data set knows how far the training is
    problems = []
    for place, (name, op) in enumerate(ops):
        later = ops[place + 1 :]
        for key in op.reads:
            if key not in available | always:
                problems.append(f"{name}: reads '{key}', which no op before it writes{_remedy(key, later)}")
        available.update(op.writes)
    for key in output_columns or ():
        if key not in available:
            hint = suggest(key, available) or _remedy(key, [])
            problems.append(f"output_columns: no op writes '{key}'{hint}; available: {', '.join(sorted(available))}")
    return problems


def _remedy(key: str, later: Sequence[tuple[str, Op]]) -> str:
    """Which op would write the key: a later op of the pipeline, or any available op."""
    for name, op in later:
        if key in op.writes:
            return f"; {name} writes it: move it before this op"
    writers = [name for name in TRANSFORMS.names() if key in cast(Any, TRANSFORMS.get(name)).writes]
    return f"; {' or '.join(writers)} would write it" if writers else ""
