"""Pipelines of ops: built from a configuration, checked, reproducible random numbers, fused geometric ops."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, cast

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.checks import Spec, build_ops, check_pipeline, key_problems
from mindocr.data.transforms.further import FurtherSampleError, FurtherSamples, Others, wanted_by
from mindocr.data.transforms.load import DecodeImage, Store
from mindocr.data.transforms.protocol import ColourOp, GeometricOp, Op, PastingOp, RandomOp
from mindocr.data.transforms.warp import Pasted, Patch, Step, spare_factor, spare_factor_of, warp
from mindocr.errors import ConfigError, DataError
from mindocr.images.headers import Size
from mindocr.images.read import Picture

__all__ = ["Pipeline", "check_pipeline"]


@dataclass
class _Plan:
    """How the pixels of a sample will be made.

    Attributes:
        picture: the image before all steps; None = no op of the block needs pixels.
        other: the image that patches are taken from.
    """

    picture: Picture | None = None
    steps: list[Step] = field(default_factory=list)
    colours: list[tuple[int, Any]] = field(default_factory=list)
    other: Picture | None = None
    patches: list[Patch] = field(default_factory=list)


class Pipeline:
    """A sequence of ops.

    Random numbers: every random op has its own generator, seeded by the sample's generator, the op's name and its index
    among ops of that name. Removing or adding an op does not change the random numbers of the others.

    Fusing: consecutive geometric ops (with colour ops and ops that do not change the image between them) first draw
    their parameters and move polygons; the pixels are then sampled once with the product of their matrices, and colour
    ops process the result. A DecodeImage before them first reads only the image size, and decodes as much as they need.

    Further samples: an op with the attribute ``further_samples`` finds other samples of the data set in
    ``sample["further"]``, see ``further.py``. They depend only on the sample's generator.

    Args:
        specs: ops as in a YAML file: ``{Name: {argument: value}}``, ``{Name: null}`` or ``Name``.
        output_columns: keys that samples must have at the end; None = any.
        provided_keys: keys that the data set puts into a sample.
        is_train: passed to ops with this argument.
        fuse: fuse geometric ops; False runs them one by one, for comparison.

    Attributes:
        seconds: set it to a dictionary to sum the time of each op in it (ops of one name together).
        clock: function that returns the time in seconds.

    Raises:
        ConfigError: all problems, one per line.
    """

    def __init__(
        self,
        specs: Sequence[Spec],
        output_columns: Sequence[str] | None = None,
        provided_keys: Sequence[str] = (),
        is_train: bool = True,
        fuse: bool = True,
    ) -> None:
        built, problems = build_ops(specs, is_train)
        problems += key_problems(built, provided_keys, output_columns)
        if problems:
            raise ConfigError("transform_pipeline:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.ops = [op for _, op in built]
        self._chance_keys = _chance_keys(self.ops)
        self._random = [isinstance(op, RandomOp) for op in self.ops]  # once, as isinstance() is slow here
        self._blocks = _blocks(self.ops) if fuse else [(False, [i]) for i in range(len(self.ops))]
        self.seconds: dict[str, float] | None = None
        self.clock: Callable[[], float] = perf_counter

    def use_cache(self, cache: Store) -> None:
        """Let the first DecodeImage cache the images that it reads."""
        for op in self.ops:
            if isinstance(op, DecodeImage):
                op.cache = cache
                return

    def __call__(self, sample: DetSample, rng: np.random.Generator, others: Others | None = None) -> DetSample:
        """Run all ops.

        Args:
            sample: sample with the provided keys; not changed.
            rng: source of one random number, the seed of all ops.
            others: makes another sample of the data set; needed only if an op asks for further samples.

        Raises:
            ConfigError: an op asks for further samples, and there is no data set to take them from.
        """
        return self._run(len(self._blocks), sample, rng, others)

    def _run(
        self, blocks: int, sample: DetSample, rng: np.random.Generator, others: Others | None, opened: int = 0
    ) -> DetSample:
        """Run the first ``blocks`` blocks, and the first ``opened`` ops of the next one without decoding the image."""
        seed = int(rng.integers(2**63))
        for number, (fused, block) in enumerate(self._blocks[:blocks]):
            if fused:
                sample = self._run_fused(number, sample, seed, others)
            elif wanted_by(self.ops[block[0]]):
                further = self._further(block[0], number, 0, seed, others)
                sample = _without_further(self._run_op(block[0], {**sample, "further": further.samples}, seed))
                self._subtract(block[0], further)
            else:
                sample = self._run_op(block[0], sample, seed)
        if opened:
            sample, plan = self._lay_out(blocks, opened, sample, seed, others)
            if plan.picture is not None:
                sample = {**sample, "picture": plan.picture}
        return sample

    def _further(self, i: int, blocks: int, opened: int, seed: int, others: Others | None) -> _Further:
        """Further samples for op ``i``; see :meth:`_run` for which ops have run on them."""
        if others is None:
            raise ConfigError(
                f"{type(self.ops[i]).__name__}: needs further samples of a data set; remove it from this pipeline"
            )

        def make(k: int) -> DetSample:
            start = self.clock()
            rng = np.random.Generator(np.random.PCG64([seed, *self._chance_keys[i], 1 + k]))
            made = others(rng, lambda started: self._run(blocks, started, rng, others, opened))
            further.seconds += self.clock() - start
            return made

        further = _Further(FurtherSamples(wanted_by(self.ops[i]), make))
        return further

    def _subtract(self, i: int, further: _Further) -> None:
        """Subtract the time of the ops that made the further samples of op ``i``: they count it themselves."""
        if self.seconds is not None:
            self.seconds[type(self.ops[i]).__name__] -= further.seconds

    def _run_op(self, i: int, sample: DetSample, seed: int) -> DetSample:
        op, start = self.ops[i], self.clock()
        if self._random[i]:
            sample = cast(RandomOp, op).apply(sample, cast(RandomOp, op).draw(self._generator(i, seed), sample))
        else:
            sample = cast(Any, op)(sample)
        self._count(i, start)
        return sample

    def _run_fused(self, number: int, sample: DetSample, seed: int, others: Others | None) -> DetSample:
        block = self._blocks[number][1]
        sample, plan = self._lay_out(number, len(block), sample, seed, others)
        if plan.picture is not None:
            sample = {**sample, "image": self._sample_pixels(block[0], plan.picture, plan)}
        for i, params in plan.colours:
            start = self.clock()
            sample = cast(ColourOp, self.ops[i]).apply(sample, params)
            self._count(i, start)
        return sample

    def _lay_out(
        self, number: int, count: int, sample: DetSample, seed: int, others: Others | None
    ) -> tuple[DetSample, _Plan]:
        """The sample after the first ``count`` ops of fused block ``number``, with a placeholder for its pixels."""
        plan = _Plan()
        for place, i in enumerate(self._blocks[number][1][:count]):
            op, start = self.ops[i], self.clock()
            if isinstance(op, DecodeImage):
                plan.picture = op.open(sample)
                sample = {**sample, "image": _stand_in(plan.picture.size)}
            elif isinstance(op, ColourOp):
                plan.colours.append((i, op.draw(self._generator(i, seed), sample)))
            elif isinstance(op, PastingOp):
                further = self._further(i, number, place, seed, others)
                sample = {**sample, "further": further.samples}
                params = op.draw(self._generator(i, seed), sample)
                plan.patches = op.patches(params, sample)
                if plan.patches:
                    plan.other = further.samples[0]["picture"]
                sample = _without_further(op.add(sample, params))
                self._count(i, start)
                self._subtract(i, further)
                continue
            elif isinstance(op, GeometricOp):
                if plan.picture is None:
                    plan.picture = _as_picture(sample["image"])
                params = op.draw(self._generator(i, seed), sample)
                plan.steps.append(op.step(params, sample))
                sample = {**op.move(sample, params), "image": _stand_in(plan.steps[-1].size, sample["image"].dtype)}
            else:
                sample = self._run_op(i, sample, seed)
                continue
            self._count(i, start)
        return sample, plan

    def _sample_pixels(self, first: int, picture: Picture, plan: _Plan) -> np.ndarray:
        start = self.clock()
        steps = plan.steps or [Step(np.eye(3), picture.size, picture.size)]
        factor = min(spare_factor(steps), picture.largest_factor)
        image = picture.decode(factor)
        pasted = _pasted(plan, steps)
        self._count(first, start)
        start = self.clock()
        image = warp(image, steps, factor, pasted)
        self._count("sampling pixels", start)
        return image

    def _count(self, what: int | str, start: float) -> None:
        """Add the seconds since ``start`` to those of an op, if ``seconds`` is set."""
        if self.seconds is not None:
            name = what if isinstance(what, str) else type(self.ops[what]).__name__
            self.seconds[name] = self.seconds.get(name, 0.0) + self.clock() - start

    def _generator(self, i: int, seed: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([seed, *self._chance_keys[i]]))


def _blocks(ops: Sequence[Op]) -> list[tuple[bool, list[int]]]:
    """Consecutive ops in blocks: (fused or not, their positions)."""
    runs: list[tuple[bool, list[int]]] = []
    place = 0
    while place < len(ops):
        end = _end_of_fused(ops, place)
        runs.append((end > place, list(range(place, max(end, place + 1)))))
        place = max(end, place + 1)
    return runs


def _end_of_fused(ops: Sequence[Op], place: int) -> int:
    """End of the block of fused ops that begins at ``place``; ``place`` itself if there is none."""
    end, later = place, place
    if isinstance(ops[place], DecodeImage) and cast(DecodeImage, ops[place]).can_wait:
        later += 1
    while later < len(ops):
        if wanted_by(ops[later]) and not (isinstance(ops[later], PastingOp) and later > place == end):
            break
        if isinstance(ops[later], GeometricOp | ColourOp | PastingOp):
            end = later + 1
        elif later == place or "image" in (*ops[later].reads, *ops[later].writes) or isinstance(ops[later], RandomOp):
            break
        later += 1
    return end


@dataclass
class _Further:
    """Further samples, and the time in seconds that they have taken so far."""

    samples: FurtherSamples
    seconds: float = 0.0


def _without_further(sample: DetSample) -> DetSample:
    return cast(DetSample, {key: value for key, value in sample.items() if key != "further"})


def _pasted(plan: _Plan, steps: Sequence[Step]) -> Pasted | None:
    """What is pasted, with the other image decoded; None if nothing of it is seen."""
    seen = [patch for patch in plan.patches if patch.after(steps).is_on(steps[-1].content)]
    if plan.other is None or not seen:
        return None
    factor = min(spare_factor_of([patch.after(steps) for patch in seen]), plan.other.largest_factor)
    try:
        return Pasted(plan.other.decode(factor), seen, factor)
    except DataError as error:
        raise FurtherSampleError(str(error)) from error


def _stand_in(size: Size, dtype: Any = np.uint8) -> np.ndarray:
    """A placeholder image of the right shape that needs no memory, for pixels that are not decoded yet."""
    return np.ndarray((*size, 3), dtype, buffer=bytes(8), strides=(0, 0, 0))


def _as_picture(image: np.ndarray) -> Picture:
    return Picture((image.shape[0], image.shape[1]), lambda _: image)


def _chance_keys(ops: Sequence[Op]) -> list[tuple[int, int]]:
    """For each op: a number computed from its name, and its index among ops of that name."""
    names = [type(op).__name__ for op in ops]
    return [(zlib.crc32(name.encode()), names[:i].count(name)) for i, name in enumerate(names)]
