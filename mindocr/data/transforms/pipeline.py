"""Chains of ops: built from a configuration, checked key by key, run with reproducible chance, geometric ops fused."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, cast

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.protocol import ColourOp, GeometricOp, Op, RandomOp
from mindocr.data.transforms.warp import Step, warp
from mindocr.errors import ConfigError
from mindocr.registry import TRANSFORMS, suggest

Spec = Mapping[str, Any] | str


class Pipeline:
    """Ops in a row.

    Chance: every random op has a generator of its own, made from the sample's generator, the op's name and its rank
    among the ops of that name. Taking an op away, or adding one, leaves the random numbers of the others as they were.

    Fusing: neighbouring geometric ops (with colour ops among them) first all draw and move polygons; the pixels are
    then sampled once through the product of their matrices, and colour ops work on the result.

    Args:
        specs: ops as in a YAML file: ``{Name: {argument: value}}``, ``{Name: null}`` or ``Name``.
        output_columns: keys that the samples are to hold at the end; None = any.
        provided_keys: keys that the data set puts into a sample.
        is_train: handed to ops that ask for it.
        fuse: fuse geometric ops; False runs them one by one, for comparison.

    Raises:
        ConfigError: all problems found, one a line.
    """

    def __init__(
        self,
        specs: Sequence[Spec],
        output_columns: Sequence[str] | None = None,
        provided_keys: Sequence[str] = (),
        is_train: bool = True,
        fuse: bool = True,
    ) -> None:
        built, problems = _build_ops(specs, is_train)
        problems += _key_problems(built, provided_keys, output_columns)
        if problems:
            raise ConfigError("transform_pipeline:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.ops = [op for _, op in built]
        self._chance_keys = _chance_keys(self.ops)
        fusible = [fuse and isinstance(op, GeometricOp | ColourOp) for op in self.ops]
        self._blocks = [(fused, list(block)) for fused, block in groupby(range(len(self.ops)), fusible.__getitem__)]

    def __call__(self, sample: DetSample, rng: np.random.Generator) -> DetSample:
        """Run all ops.

        Args:
            sample: with the provided keys; not changed.
            rng: one number is taken from it.
        """
        seed = int(rng.integers(2**63))
        for fused, block in self._blocks:
            if fused:
                sample = self._run_fused(block, sample, seed)
            else:
                for i in block:
                    op = self.ops[i]
                    if isinstance(op, RandomOp):
                        sample = op.apply(sample, op.draw(self._generator(i, seed), sample))
                    else:
                        sample = cast(Any, op)(sample)
        return sample

    def _run_fused(self, block: list[int], sample: DetSample, seed: int) -> DetSample:
        image = sample["image"]
        steps: list[Step] = []
        colours: list[tuple[ColourOp, Any]] = []
        for i in block:
            op = cast(GeometricOp | ColourOp, self.ops[i])
            params = op.draw(self._generator(i, seed), sample)
            if isinstance(op, ColourOp):
                colours.append((op, params))
                continue
            step = op.step(params, sample)
            steps.append(step)
            # an image of the right shape that takes no memory stands in for pixels not yet sampled
            stand_in = np.broadcast_to(np.zeros(1, dtype=image.dtype), (*step.size, image.shape[2]))
            sample = {**op.move(sample, params), "image": stand_in}
        sample = {**sample, "image": warp(image, steps) if steps else image}
        for colour, params in colours:
            sample = colour.apply(sample, params)
        return sample

    def _generator(self, i: int, seed: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([seed, *self._chance_keys[i]]))


def check_pipeline(
    specs: Sequence[Spec],
    provided_keys: Sequence[str],
    output_columns: Sequence[str] | None = None,
    is_train: bool = True,
) -> list[str]:
    """Every problem of a pipeline, each beginning with ``[i].OpName`` or ``output_columns``; empty when all is well."""
    built, problems = _build_ops(specs, is_train)
    if problems:
        return problems
    return _key_problems(built, provided_keys, output_columns)


def _build_ops(specs: Sequence[Spec], is_train: bool) -> tuple[list[tuple[str, Op]], list[str]]:
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


def _key_problems(
    ops: Sequence[tuple[str, Op]], provided_keys: Sequence[str], output_columns: Sequence[str] | None
) -> list[str]:
    available = set(provided_keys)
    problems = []
    for place, (name, op) in enumerate(ops):
        later = ops[place + 1 :]
        for key in op.reads:
            if key not in available:
                problems.append(f"{name}: reads '{key}', which no op before it writes{_remedy(key, later)}")
        available.update(op.writes)
    for key in output_columns or ():
        if key not in available:
            hint = suggest(key, available) or _remedy(key, [])
            problems.append(f"output_columns: no op writes '{key}'{hint}; there are: {', '.join(sorted(available))}")
    return problems


def _remedy(key: str, later: Sequence[tuple[str, Op]]) -> str:
    """Which op would write the key: one that stands too late, or any that is known."""
    for name, op in later:
        if key in op.writes:
            return f"; {name} writes it: move it to the front"
    writers = [name for name in TRANSFORMS.names() if key in cast(Any, TRANSFORMS.get(name)).writes]
    return f"; {' or '.join(writers)} would write it" if writers else ""


def _chance_keys(ops: Sequence[Op]) -> list[tuple[int, int]]:
    """For each op: a number made from its name, and its rank among the ops of that name."""
    names = [type(op).__name__ for op in ops]
    return [(zlib.crc32(name.encode()), names[:i].count(name)) for i, name in enumerate(names)]
