"""Runners for MindIR files."""

from __future__ import annotations

import shutil
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.config.schema import System
from mindocr.errors import CheckpointError
from mindocr.inference import metadata
from mindocr.inference.runner import run_one_by_one
from mindocr.models.file_kind import Kind, refusal

# Bytes before the checksum of 8 digits at the end of a file: protobuf field 14 of 25 bytes, key of 13, value of 8
SEAL = b"r\x19\n\rmindocr.crc32\x12\x08"


class MindIR:
    """Runs an exported network, image by image.

    Attributes:
        input_size: (h, w) of the images in pixels; -1 = any.
        output_names: names of the outputs, in order; old files without stored names have one output, ``prob``.
        metadata: metadata of the file, see :mod:`mindocr.inference.metadata`.

    Raises:
        CheckpointError: no such file, or it is not a complete MindIR file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            what = f"a folder{_files_in(self.path)}" if self.path.is_dir() else "no such file"
            raise CheckpointError(f"'{path}': {what}; expected a MindIR or ONNX file that 'mindocr export' wrote")
        if error := refusal(path, "a MindIR file", Kind.MINDIR):
            raise error
        from mindspore import nn

        try:
            self.input_size, self.metadata = _read(self.path)
            self.output_names = metadata.output_names(self.metadata)
            self._graph = nn.GraphCell(load_graph(self.path))
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise CheckpointError(
                f"'{path}' is not a complete MindIR file ({str(error).strip().splitlines()[0]}); export it again "
                "(a file of converter_lite runs only in MindSpore Lite)"
            ) from None

    def __call__(self, images: np.ndarray | Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
        """See :class:`~mindocr.inference.runner.Runner`."""
        return run_one_by_one(self.path, self, images, self._run)

    def _run(self, image: np.ndarray) -> list[np.ndarray]:
        import mindspore as ms

        from mindocr.models.network import as_tuple

        return [output.asnumpy() for output in as_tuple(self._graph(ms.Tensor(image)))]


def load_graph(path: Path) -> Any:
    """The graph of a MindIR file, for ``nn.GraphCell``.

    MindSpore needs the ending ``.mindir`` and a name that UTF-8 can encode, so any other file is copied first.
    """
    import mindspore as ms

    name = str(path.resolve())
    if name.endswith(".mindir") and not any("\ud800" <= letter <= "\udfff" for letter in name):
        return ms.load(name)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model.mindir"
        shutil.copyfile(path, copy)
        return ms.load(str(copy))


def _files_in(folder: Path) -> str:
    names = sorted(file.name for file in folder.glob("*.mindir"))
    return f" with {', '.join(names[:5])}: name the file" if names else " without MindIR files"


def open_file(path: Path, config: str | Path | None = None) -> MindIR:
    """Open a MindIR file on the device of this machine; a YAML file completes its metadata."""
    from mindocr.models import device

    device.prepare(System())
    model = MindIR(path)
    model.metadata = metadata.completed(model.metadata, model.input_size, config)
    return model


def is_map(entries: Any) -> bool:
    """Whether ``user_info`` is a mapping; MindSpore 2.7 reads the same bytes as a list."""
    return hasattr(entries, "get")


def _read(path: Path) -> tuple[tuple[int, int], dict[str, Any]]:
    """Size (h, w) of the input in pixels, and the metadata."""
    from google.protobuf.message import DecodeError
    from mindspore.train.mind_ir_pb2 import ModelProto

    model = ModelProto()
    content = path.read_bytes()
    _check_seal(content)
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise ValueError(str(error)) from None
    shape = model.graph.input[0].tensor[0].dims
    entries = model.user_info
    texts = entries if is_map(entries) else {entry.key: entry.value for entry in entries}
    return (shape[2], shape[3]), metadata.from_texts(texts)


def _check_seal(content: bytes) -> None:
    """Compare the checksum, if the file has one, with the content.

    Raises:
        ValueError: they do not agree.
    """
    body, mark, checksum = content[: -len(SEAL) - 8], content[-len(SEAL) - 8 : -8], content[-8:]
    if mark == SEAL and checksum != b"%08x" % zlib.crc32(body):
        raise ValueError("its checksum is wrong: the file has changed since it was written")
