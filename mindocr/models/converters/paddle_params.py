"""Paddle's ``.pdiparams``: the arrays of all parameters one behind the other, in the order of their names.

The file has no names. For each parameter it holds: a version (4 bytes, 0), the number of LoD levels (8 bytes), each
level with its size in bytes (8 bytes) before it, a version again, the size of a ``TensorDesc`` (4 bytes), the
``TensorDesc`` with type and shape, and the values.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from math import prod

import numpy as np

from mindocr.models.converters.paddle_program import tensor_description

_DTYPES = {0: "?", 1: "<i2", 2: "<i4", 3: "<i8", 4: "<f2", 5: "<f4", 6: "<f8", 20: "u1", 21: "i1"}
_LARGEST_DESCRIPTION = 1 << 16  # bytes
_MOST_LEVELS = 8


def read_arrays(data: memoryview, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """The arrays of a file.

    Args:
        data: the whole file.
        shapes: name -> shape of every parameter of the program; -1 for any size.

    Returns:
        Name -> array, in the order of the file.

    Raises:
        ValueError: damaged, cut short, or the file of another program.
    """
    stream = _Stream(data)
    arrays = {}
    for name in sorted(shapes):
        array = _array(stream, name)
        expected = shapes[name]
        if len(expected) != array.ndim or any(want not in (-1, size) for want, size in zip(expected, array.shape)):
            raise ValueError(
                f"the parameter '{name}' has the shape {list(array.shape)}, the program states {list(expected)}; the "
                "two files do not belong together"
            )
        arrays[name] = array
    if stream.left():
        raise ValueError(
            f"{stream.left()} bytes follow the last of the {len(arrays)} parameters of the program; the two files do "
            "not belong together"
        )
    return arrays


class _Stream:
    """Bytes that are taken one piece after the other."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._position = data, 0

    def take(self, size: int, what: str) -> memoryview:
        if size < 0 or size > self.left():
            raise ValueError(f"cut short: {what} needs {size} bytes, {self.left()} are left")
        self._position += size
        return self._data[self._position - size : self._position]

    def number(self, form: str, what: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form), what))[0])

    def left(self) -> int:
        return len(self._data) - self._position


def _array(stream: _Stream, name: str) -> np.ndarray:
    what = f"the parameter '{name}'"
    _check_version(stream, what)
    levels = stream.number("<Q", what)
    if levels > _MOST_LEVELS:
        raise ValueError(f"{what} has {levels} LoD levels; is this a .pdiparams file?")
    for _ in range(levels):
        stream.take(stream.number("<Q", what), what)
    _check_version(stream, what)
    size = stream.number("<i", what)
    if size > _LARGEST_DESCRIPTION:
        raise ValueError(f"{what} has a description of {size} bytes; is this a .pdiparams file?")
    kind, dims = tensor_description(stream.take(size, what))
    if kind not in _DTYPES or any(length < 0 for length in dims):
        raise ValueError(f"{what} has the type {kind} and the shape {list(dims)}, which is not supported")
    dtype = np.dtype(_DTYPES[kind])
    return np.frombuffer(stream.take(prod(dims) * dtype.itemsize, what), dtype).reshape(dims)


def _check_version(stream: _Stream, what: str) -> None:
    version = stream.number("<I", what)
    if version != 0:
        raise ValueError(f"{what} has the version {version}, expected 0; is this a .pdiparams file?")
