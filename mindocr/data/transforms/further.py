"""Further samples of the data set, for ops that join or mix several samples.

An op asks for them by its attribute ``further_samples``, their largest number, and reads them as ``sample["further"]``
in ``draw`` and ``apply``. They are other samples, chosen at random, on which the pipeline has run the ops before this
one. Each is made when it is read for the first time, so those that an op does not need take no time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.errors import DataError

# Called with a generator and a function that runs the ops on a sample as it begins; returns the finished result.
Others = Callable[[np.random.Generator, Callable[[DetSample], DetSample]], DetSample]


class FurtherSampleError(DataError):
    """A further sample cannot be used; the message names its image already."""


class FurtherSamples(Sequence[DetSample]):
    """Samples that are made on first access and then kept.

    Args:
        number: how many there are.
        make: makes the one with this index.
    """

    def __init__(self, number: int, make: Callable[[int], DetSample]) -> None:
        self._number, self._make = number, make
        self._made: dict[int, DetSample] = {}

    def __len__(self) -> int:
        return self._number

    @overload
    def __getitem__(self, index: int) -> DetSample: ...
    @overload
    def __getitem__(self, index: slice) -> list[DetSample]: ...
    def __getitem__(self, index: int | slice) -> DetSample | list[DetSample]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._number))]
        if not -self._number <= index < self._number:
            raise IndexError(f"further sample {index} of {self._number}")
        index %= self._number
        if index not in self._made:
            self._made[index] = self._make(index)
        return self._made[index]


def wanted_by(op: Any) -> int:
    """Number of further samples that an op may read; 0 for most ops."""
    return int(getattr(op, "further_samples", 0))
