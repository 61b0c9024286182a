"""Reads pickles that hold arrays, without executing anything that they name.

A pickle is a program: it names functions and calls them. Here no name is ever imported. The few names that arrays of
NumPy and PyTorch need stand for functions of this module, the records of known training frameworks become objects that
do nothing, and any other name is an error.
"""

from __future__ import annotations

import math
import pickle
import re
import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from mindocr.errors import CheckpointError

# PyTorch's storages -> NumPy's types; bfloat16, which NumPy lacks, is the upper half of a float32
STORAGES = {
    "FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "<u1",
    "BoolStorage": "|b1",
}  # fmt: skip
# What training frameworks keep beside the weights: settings, histories, schedules
_BOOKKEEPING = ("mmengine", "mmcv", "mmdet", "mmocr", "argparse", "pathlib", "numpy.dtypes")
_IDLE = (
    "builtins.getattr", "builtins.set", "collections.defaultdict", "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar", "torch.Size", "torch.device",
)  # fmt: skip
_FAILURES = (
    pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, ImportError,
    OverflowError, MemoryError, RecursionError, NotImplementedError, struct.error,
)  # fmt: skip


@dataclass(frozen=True)
class Storage:
    """A block of numbers stored elsewhere in the file: its key, its type (see STORAGES), and their count."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class StoredTensor:
    """A view of a storage; ``offset`` and ``strides`` count numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Idle:
    """Replaces an object of a training framework: accepts every operation of a pickle, and does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> _Idle:
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> _Idle:
        return self

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, value: Any) -> None:
        pass

    extend = add = append


class _DType:
    def __init__(self, code: str) -> None:
        if not re.fullmatch(r"[biufc]\d{1,2}", code):
            raise ValueError(f"arrays of type {code!r} are not read")
        self.value = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.value = self.value.newbyteorder(state[1])


class _Array:
    value: np.ndarray

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, data = state
        raw = data.encode("latin-1") if isinstance(data, str) else data
        self.value = np.frombuffer(raw, dtype.value).reshape(shape, order="F" if fortran else "C")


class ArrayUnpickler(pickle._Unpickler):
    """An unpickler that knows arrays, containers and plain values only.

    It derives from Python's unpickler written in Python. The one in C allocates its memo by an index in the file, up
    to 32 GB for a file of ten bytes.

    Args:
        file: where the pickle begins; afterwards, where it ended.
        path: the file's name for messages.
    """

    def __init__(self, file: IO[bytes], path: Path) -> None:
        super().__init__(file, encoding="latin-1")
        self.path = path
        rebuild_v2 = "torch._utils._rebuild_tensor_v2"
        self._known: dict[str, Any] = {
            "collections.OrderedDict": OrderedDict,
            "_codecs.encode": self._encode,
            "numpy.ndarray": "ndarray",
            "numpy.dtype": self._dtype,
            rebuild_v2: self._tensor,
            "torch._utils._rebuild_parameter": self._first,
            "torch._utils._rebuild_parameter_with_state": self._first,
            "torch._tensor._rebuild_from_type_v2": self._typed,
            "torch.nn.parameter.Parameter": "Parameter",
        }
        for core in ("numpy.core", "numpy._core"):
            self._known[f"{core}.multiarray._reconstruct"] = self._array
            self._known[f"{core}.numeric._frombuffer"] = self._buffer

    def read(self) -> Any:
        """The pickle's content; arrays of PyTorch as :class:`StoredTensor`.

        Raises:
            CheckpointError: it contains something other than arrays, or is damaged.
        """
        try:
            return self.load()
        except CheckpointError:
            raise
        except _FAILURES as error:
            raise CheckpointError(
                f"{self.path}: damaged, or not a file of plain weights ({error}); copy or download it again"
            ) from error

    def find_class(self, module: str, name: str) -> Any:
        module = "builtins" if module == "__builtin__" else module  # its name in Python 2
        full = f"{module}.{name}"
        if full in self._known:
            return self._known[full]
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if full in _IDLE or module.startswith(tuple(f"{room}." for room in _BOOKKEEPING)) or module in _BOOKKEEPING:
            return type(name, (_Idle,), {})
        raise CheckpointError(
            f"{self.path}: it asks for '{full}', which weights do not need; nothing of it was executed. If you trust "
            "the file, load it where it was made and save the weights alone (PyTorch: "
            "torch.save(model.state_dict(), path))"
        )

    def persistent_load(self, pid: Any) -> Storage:
        kind, dtype, key, _, count = pid[:5]
        view = pid[5] if len(pid) > 5 else None
        if kind != "storage" or dtype not in STORAGES.values() or view is not None:
            raise ValueError(f"storage {pid!r} is of a kind that is not read")
        return Storage(str(key), dtype, int(count))

    def _encode(self, text: str, encoding: str) -> bytes:
        if encoding not in ("latin1", "latin-1"):
            raise ValueError(f"bytes in the encoding {encoding!r} are not read")
        return text.encode("latin-1")

    def _dtype(self, code: str, *flags: Any) -> _DType:
        return _DType(code)

    def _array(self, *empty: Any) -> _Array:
        return _Array()

    def _buffer(self, data: bytes, dtype: _DType, shape: tuple[int, ...], order: str) -> _Array:
        array = _Array()
        array.value = np.frombuffer(data, dtype.value).reshape(shape, order=order)  # type: ignore[call-overload]
        return array

    def _tensor(self, storage: Storage, offset: int, shape: Any, strides: Any, *rest: Any) -> StoredTensor:
        return StoredTensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))

    def _first(self, value: Any, *rest: Any) -> Any:
        return value

    def _typed(self, function: Any, kind: Any, arguments: tuple[Any, ...], state: Any) -> Any:
        return function(*arguments)


def resolve(value: Any, load: Callable[[Storage], np.ndarray]) -> Any:
    """Replace placeholders by arrays, also in nested mappings; other values stay.

    Args:
        load: returns the numbers of a storage, (N,).

    Raises:
        ValueError: a tensor reaches beyond its storage.
    """
    if isinstance(value, _Array):
        return value.value
    if isinstance(value, StoredTensor):
        return _view(load(value.storage), value)
    if isinstance(value, Mapping):
        return {key: resolve(item, load) for key, item in value.items()}
    return value


def _view(numbers: np.ndarray, tensor: StoredTensor) -> np.ndarray:
    sizes, strides = tensor.shape, tensor.strides
    if len(sizes) != len(strides) or min((tensor.offset, *sizes, *strides)) < 0:
        raise ValueError(f"a tensor of shape {sizes} and strides {strides} is impossible")
    last = tensor.offset + sum((size - 1) * stride for size, stride in zip(sizes, strides))
    if 0 not in sizes and last >= len(numbers):
        raise ValueError(f"a tensor of shape {sizes} reaches beyond its {len(numbers)} numbers")
    if math.prod(sizes) > len(numbers):
        raise ValueError(f"a tensor of shape {sizes} repeats its {len(numbers)} numbers")
    if 0 in sizes:
        return np.zeros(sizes, numbers.dtype)
    bytes_apart = tuple(stride * numbers.itemsize for stride in strides)
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], sizes, bytes_apart).copy()
