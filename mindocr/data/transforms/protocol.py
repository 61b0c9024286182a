"""Interfaces of ops: a plain op is called, a random op first draws and then applies, geometric ops can be fused.

Every op declares the keys that it ``reads`` and ``writes``, returns a new sample, and does not change the arrays of its
input.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.warp import Pasted, Patch, Step, warp
from mindocr.errors import ConfigError
from mindocr.geometry.polygon import transform
from mindocr.images.headers import Size


@runtime_checkable
class Op(Protocol):
    """Interface of every op of a pipeline."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]


@runtime_checkable
class RandomOp(Op, Protocol):
    """An op with two parts: ``draw`` has all random numbers, ``apply`` is deterministic."""

    def draw(self, rng: np.random.Generator, sample: DetSample) -> Any:
        """Draw the random parameters for this sample."""

    def apply(self, sample: DetSample, params: Any) -> DetSample:
        """Apply drawn parameters; equal parameters give equal results."""


class ColourOp(ABC):
    """A random op that is linear for each pixel and keeps black black.

    It therefore commutes with geometric ops up to rounding, and a pipeline that fuses those applies it after them, to
    the smaller image. ``draw`` must not read pixels.
    """

    reads: tuple[str, ...] = ("image",)
    writes: tuple[str, ...] = ("image",)

    @abstractmethod
    def draw(self, rng: np.random.Generator, sample: DetSample) -> Any: ...

    @abstractmethod
    def apply(self, sample: DetSample, params: Any) -> DetSample: ...


class GeometricOp(ABC):
    """A random op that transforms pixels and polygons by an affine matrix.

    ``draw``, ``matrix``, ``content`` and ``move`` may use the size of ``image`` but never its pixels: a pipeline that
    fuses several ops passes them a placeholder of the right shape and samples the pixels once, at the end.
    """

    reads: tuple[str, ...] = ("image",)
    writes: tuple[str, ...] = ("image",)

    @abstractmethod
    def draw(self, rng: np.random.Generator, sample: DetSample) -> Any: ...

    @abstractmethod
    def matrix(self, params: Any, sample: DetSample) -> tuple[np.ndarray, Size]:
        """The matrix (3, 3) float64 from this image to the next, and the next one's (h, w)."""

    def content(self, params: Any, sample: DetSample) -> Size:
        """(h, w) of the part of the next image that is not black padding."""
        return self.matrix(params, sample)[1]

    def step(self, params: Any, sample: DetSample) -> Step:
        """Matrix, size and content together."""
        matrix, size = self.matrix(params, sample)
        return Step(matrix, size, self.content(params, sample))

    def move(self, sample: DetSample, params: Any) -> DetSample:
        """Transform polygons, but not pixels."""
        if "polys" not in sample:
            return sample
        return {**sample, "polys": transform(sample["polys"], self.matrix(params, sample)[0])}

    def apply(self, sample: DetSample, params: Any) -> DetSample:
        """Transform polygons and pixels at once."""
        moved = self.move(sample, params)
        return cast(DetSample, {**moved, "image": warp(sample["image"], [self.step(params, sample)])})


class PastingOp(ABC):
    """A random op that pastes parts of a further sample's image.

    ``draw``, ``patches`` and ``add`` may use the sizes of both images but never their pixels: a pipeline that fuses
    geometric ops behind this one pastes at the end, and decodes the other image only if any part of it is seen.
    """

    reads: tuple[str, ...] = ("image",)
    writes: tuple[str, ...] = ("image",)
    further_samples = 1

    @abstractmethod
    def draw(self, rng: np.random.Generator, sample: DetSample) -> Any: ...

    @abstractmethod
    def patches(self, params: Any, sample: DetSample) -> list[Patch]:
        """The parts of ``sample["further"][0]`` that are pasted, in this order."""

    @abstractmethod
    def add(self, sample: DetSample, params: Any) -> DetSample:
        """Add the labels of the pasted parts, but not their pixels."""

    def apply(self, sample: DetSample, params: Any) -> DetSample:
        """Add labels and pixels at once."""
        patches = self.patches(params, sample)
        if not patches:
            return self.add(sample, params)
        stay = Step(np.eye(3), image_size(sample), image_size(sample))
        pasted = Pasted(sample["further"][0]["image"], patches)
        return cast(DetSample, {**self.add(sample, params), "image": warp(sample["image"], [stay], pasted=pasted)})


def image_size(sample: DetSample) -> Size:
    """(h, w) of the image.

    Raises:
        ConfigError: the image is not (H, W, 3).
    """
    shape = sample["image"].shape
    if len(shape) != 3 or shape[2] != 3:
        raise ConfigError(
            f"expected an image (H, W, 3), got shape {shape}; ToCHWImage (or channel_first) must come after this op"
        )
    return shape[0], shape[1]
