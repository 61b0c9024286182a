"""Files of weights from other projects: PyTorch's two formats, Paddle's, safetensors. Nothing in them is executed."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from mindocr.errors import CheckpointError
from mindocr.models.converters.pickles import ArrayUnpickler, Storage, StoredTensor, resolve
from mindocr.models.file_kind import Kind, kind_of

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_MAGIC = 0x1950A86A20F9469CFC6C  # first number of a file that PyTorch wrote before version 1.6
_LEGACY_HEAD = 3  # pickles before the content: magic number, version, the machine's sizes
_INSIDE = ("state_dict", "model_state_dict", "model")  # where training scripts put the weights
_SAFE = ".safetensors"
_DAMAGE = (
    ValueError, KeyError, TypeError, IndexError, OverflowError, MemoryError, NotImplementedError, EOFError,
    RuntimeError, struct.error, zipfile.BadZipFile,
)  # fmt: skip


def read_weights(path: str | Path) -> dict[str, Any]:
    """Read a file of weights.

    Returns:
        Name -> array, in the file's order; entries that are no arrays (Paddle's table of names) stay as they are.

    Raises:
        CheckpointError: no such file, another kind of file, damaged, without weights, or with code to execute.
    """
    path = Path(path).expanduser()
    try:
        content = _read(path)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error})") from error
    weights = _find_weights(content)
    if weights is None:
        raise CheckpointError(
            f"{path}: holds no weights by name; expected what torch.save(model.state_dict(), path) or paddle.save "
            "writes, possibly under a key 'state_dict'"
        )
    return weights


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if path.suffix == _SAFE:
            return _read_safetensors(path)
        if head == _ZIP:
            return _guarded(path, lambda: _read_zip(path, file))
        if head[:1] == _PICKLE:
            return _guarded(path, lambda: _read_pickle(path, file))
    kind = kind_of(path)
    if kind is not None:
        ours = {Kind.CHECKPOINT: "it needs no conversion", Kind.SAFETENSORS: f"rename it to end in {_SAFE}"}
        advice = ours.get(kind) or kind.advice(path)
        raise CheckpointError(
            f"{path}: not a file of weights of PyTorch (.pth, .pt), Paddle (.pdparams) or safetensors, but "
            f"{kind.noun}; {advice}"
        )
    raise CheckpointError(
        f"{path}: not a file of weights of PyTorch (.pth, .pt), Paddle (.pdparams) or safetensors; it begins with "
        f"{head!r}"
    )


def _guarded(path: Path, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except CheckpointError:
        raise
    except RecursionError:  # a kind of RuntimeError, so it comes first
        raise CheckpointError(f"{path}: its mappings are nested too deeply for a file of weights") from None
    except _DAMAGE as error:
        raise CheckpointError(f"{path}: damaged or cut short ({error}); copy or download it again") from error


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    # Only this format needs MindSpore, which takes seconds to import.
    from mindocr.models.weights import read_checkpoint

    return {name: value.float().asnumpy() for name, value in read_checkpoint(path).items()}


def _read_zip(path: Path, file: IO[bytes]) -> Any:
    """PyTorch since 1.6: ``<name>/data.pkl`` and, uncompressed, ``<name>/data/<key>`` for each storage."""
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        contents = [name for name in names if name.rpartition("/")[2] == "data.pkl"]
        root = contents[0][: -len("data.pkl")] if len(contents) == 1 else ""
        if len(contents) != 1 or f"{root}constants.pkl" in names:
            raise CheckpointError(
                f"{path}: a zip archive, but not one of plain weights; a TorchScript program must be loaded and saved "
                "again with torch.save(model.state_dict(), path)"
            )
        if f"{root}byteorder" in names and archive.read(f"{root}byteorder") != b"little":
            raise CheckpointError(f"{path}: written on a big-endian machine, which is not supported")

        def stored(name: str) -> zipfile.ZipInfo:
            entry = archive.getinfo(name)
            if entry.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{entry.filename} is compressed, which PyTorch never does")
            return entry

        def load(storage: Storage) -> np.ndarray:
            return _numbers(archive.read(stored(f"{root}data/{storage.key}")), storage)

        with archive.open(stored(contents[0])) as stream:
            return resolve(ArrayUnpickler(stream, path).read(), load)


def _read_pickle(path: Path, file: IO[bytes]) -> Any:
    """Paddle: one pickle. PyTorch before 1.6: four, then a list of keys and the storages in its order."""
    first = ArrayUnpickler(file, path).read()
    if first != _MAGIC:
        return resolve(first, _no_storage)
    for _ in range(_LEGACY_HEAD - 1):
        ArrayUnpickler(file, path).read()
    content = ArrayUnpickler(file, path).read()
    keys = ArrayUnpickler(file, path).read()
    blocks: dict[str, tuple[int, int]] = {}
    sizes = {storage.key: _item_size(storage) for storage in _storages(content)}
    end = path.stat().st_size
    for key in keys:
        size = int.from_bytes(file.read(8), "little") * sizes.get(key, 0)
        blocks[key] = (file.tell(), size)
        if file.tell() + size > end:
            raise ValueError(f"storage {key} would end {file.tell() + size - end} bytes after the end of the file")
        file.seek(size, 1)

    def load(storage: Storage) -> np.ndarray:
        start, size = blocks[storage.key]
        file.seek(start)
        return _numbers(file.read(size), storage)

    return resolve(content, load)


def _no_storage(storage: Storage) -> np.ndarray:
    raise ValueError(f"storage {storage.key} is not in the file")


def _storages(content: Any) -> Iterator[Storage]:
    """Every storage that a tensor in the content refers to."""
    if isinstance(content, StoredTensor):
        yield content.storage
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from _storages(value)


def _item_size(storage: Storage) -> int:
    return 2 if storage.dtype == "bfloat16" else np.dtype(storage.dtype).itemsize


def _numbers(raw: bytes, storage: Storage) -> np.ndarray:
    size = storage.count * _item_size(storage)
    if len(raw) < size:
        raise ValueError(f"storage {storage.key} has {len(raw)} bytes, {size} expected")
    if storage.dtype == "bfloat16":
        return (np.frombuffer(raw[:size], "<u2").astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(raw[:size], storage.dtype)


def _find_weights(content: Any) -> dict[str, Any] | None:
    if not isinstance(content, Mapping):
        return None
    inner = next((content[key] for key in _INSIDE if isinstance(content.get(key), Mapping)), content)
    weights = {str(name): value for name, value in inner.items()}
    return weights if any(isinstance(value, np.ndarray) for value in weights.values()) else None
