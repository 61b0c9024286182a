"""What a model file is, by its content; the ending of its name does not count. No framework is imported.

Whoever opens a model file asks here when the file is of another kind than expected, so that the message says what the
file is and which command takes it.
"""

from __future__ import annotations

import shlex
import zipfile
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from mindocr.errors import CheckpointError

_HEAD = 512  # bytes that are read
_PREDICT = "mindocr predict -c CONFIG.yaml --det_model_dir {path}"
_EXPORT = "mindocr export --model_name_or_config CONFIG.yaml --local_ckpt_path {path}"
_INFER = "mindocr infer --det_model_path {path} --input_images_dir IMAGES"
_INFER_WITH = f"{_INFER} --det_model_name_or_config CONFIG.yaml"
_CONVERT = "mindocr convert-weights --from SOURCE --input {path} --output new.ckpt"


class Kind(Enum):
    """Kind of a file: what it is, and what to do with it; ``{path}`` stands for its path."""

    CHECKPOINT = "a MindSpore checkpoint", f"predict with it: {_PREDICT}, or export it first: {_EXPORT}"
    SAFETENSORS = "a safetensors file", f"predict with it: {_PREDICT}, or export it first: {_EXPORT}"
    MINDIR = "a MindIR file", f"run it with: {_INFER}"
    ONNX = "an ONNX file", f"run it with: {_INFER_WITH}"
    LITE = (
        "a model of MindSpore Lite (.ms)",
        "only MindSpore Lite runs it (mindocr infer --runtime mindspore_lite); MindSpore runs the MindIR file of "
        "'mindocr export'",
    )
    TORCH_ZIP = "a zip archive, such as PyTorch writes", f"'mindocr convert-weights' converts such weights: {_CONVERT}"
    TORCHSCRIPT = "a TorchScript program", "load it and save its weights with torch.save(model.state_dict(), path)"
    PICKLE = (
        "a Python pickle, such as PyTorch or Paddle write",
        f"'mindocr convert-weights' converts such weights: {_CONVERT}",
    )
    PADDLE = (
        "a file of a Paddle inference model (.pdmodel, .pdiparams)",
        "take the training weights (.pdparams) of the same model, which 'mindocr convert-weights' converts",
    )
    NUMPY = "a NumPy archive (.npz)", "name the checkpoint"
    ZIP = "a zip archive", "unpack it and name the file inside"
    TAR = "a tar archive", "unpack it and name the file inside"
    GZIP = "a gzip archive", "unpack it and name the file inside"
    HDF5 = "an HDF5 file, such as Keras writes", "it cannot be converted"
    TFLITE = "a TensorFlow Lite model", "it cannot be converted"
    IMAGE = "an image", "name the model file"
    WEB_PAGE = "a web page (a failed download?)", "download it again"
    LFS = "a Git LFS pointer", "fetch the file itself with 'git lfs pull'"
    YAML = "a YAML file", "name the model file here; a configuration is an argument of its own"
    EMPTY = "an empty file", "a copy or a save was interrupted; copy it again"

    @property
    def noun(self) -> str:
        """What it is, with an article."""
        return self.value[0]

    def advice(self, path: str | Path) -> str:
        """What to do with such a file."""
        return self.value[1].replace("{path}", shlex.quote(str(path)))


_STARTS = {
    b"\x89HDF": Kind.HDF5, b"\x1f\x8b": Kind.GZIP, b"\xff\xd8\xff": Kind.IMAGE, b"\x89PNG": Kind.IMAGE,
    b"GIF8": Kind.IMAGE, b"<!DO": Kind.WEB_PAGE, b"<!do": Kind.WEB_PAGE, b"<htm": Kind.WEB_PAGE,
    b"<HTM": Kind.WEB_PAGE, b"version https://git-lfs": Kind.LFS,
}  # fmt: skip


def kind_of(path: str | Path) -> Kind | None:
    """The kind of a file; None for an unknown one, a folder, or a file that cannot be read."""
    path = Path(path).expanduser()
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD)
        return _of_zip(path) if head.startswith(b"PK\x03\x04") else _of_head(head, path)
    except (OSError, ValueError):
        return None


def refusal(path: str | Path, wanted: str, *fitting: Kind) -> CheckpointError | None:
    """The error for a file of another kind than wanted; None if its kind is unknown or fits.

    Args:
        wanted: what was expected, with an article.
        fitting: the kinds that fit.
    """
    kind = kind_of(path)
    if kind is None or kind in fitting:
        return None
    return CheckpointError(f"{path}: expected {wanted}, but this is {kind.noun}; {kind.advice(path)}")


def varint(data: bytes) -> tuple[int | None, int]:
    """A protobuf number at the start of ``data`` and the bytes it takes; None when it does not end there."""
    value = 0
    for i, byte in enumerate(data):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value, i + 1
    return None, len(data)


def starts_with_parameter(head: bytes) -> bool:
    """Whether the bytes begin like a checkpoint: an entry whose first field is a printable name."""
    entry = _submessage(head)
    if entry[:1] != b"\x0a":
        return False
    length, used = varint(entry[1:])
    name = entry[1 + used :][: length or 0]
    return bool(name) and name.decode("ascii", "replace").isprintable()


def _of_head(head: bytes, path: Path) -> Kind | None:
    if not head:
        return Kind.EMPTY
    found = next((kind for start, kind in _STARTS.items() if head.startswith(start)), None)
    return found or next((kind for kind, fits in _TESTS.items() if fits(head)), None) or _of_text(head, path)


def _submessage(head: bytes) -> bytes:
    """Content of the first field of a protobuf message, if it is field 1 with a length; else nothing."""
    if head[:1] != b"\x0a":
        return b""
    length, used = varint(head[1:11])
    return head[1 + used :] if length is not None else b""


def _is_mindir(head: bytes) -> bool:
    """Field 1 is the version as text, and field 2 the producer."""
    return head[:1] == b"\x0a" and b"\x12\x09MindSpore" in head[:64] and not starts_with_parameter(head)


def _is_onnx(head: bytes) -> bool:
    """Field 1 is the version as a number; the producer or the graph follows."""
    return head[:1] == b"\x08" and 0 < head[1] < 64 and head[2:3] in (b"\x12", b"\x1a", b"\x22", b"\x32", b"\x3a", b"B")


def _is_safetensors(head: bytes) -> bool:
    return 2 <= int.from_bytes(head[:8], "little") <= 100_000_000 and head[8:9] == b"{"


def _is_paddle(head: bytes) -> bool:
    """A program whose first block has index 0 and no parent, or a tensor of version 0 without levels."""
    is_program = _submessage(head).startswith(b"\x08\x00\x10")
    return is_program or (head[:16] == bytes(16) and 0 < int.from_bytes(head[16:20], "little") < 64)


_TESTS: dict[Kind, Callable[[bytes], bool]] = {
    Kind.PICKLE: lambda head: head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"),
    Kind.CHECKPOINT: starts_with_parameter,
    Kind.MINDIR: _is_mindir,
    Kind.ONNX: lambda head: len(head) > 2 and _is_onnx(head),
    Kind.SAFETENSORS: _is_safetensors,
    Kind.LITE: lambda head: head[4:8] in (b"MSL1", b"MSL2"),
    Kind.TFLITE: lambda head: head[4:8] == b"TFL3",
    Kind.TAR: lambda head: head[257:262] == b"ustar",
    Kind.PADDLE: _is_paddle,
}


def _of_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.rpartition("/")[2] for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return Kind.TORCH_ZIP  # cut short: most are checkpoints of PyTorch
    if "data.pkl" in names:
        return Kind.TORCHSCRIPT if "constants.pkl" in names else Kind.TORCH_ZIP
    return Kind.NUMPY if names and all(name.endswith(".npy") for name in names) else Kind.ZIP


def _of_text(head: bytes, path: Path) -> Kind | None:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return None
    is_yaml = path.suffix.lower() in (".yaml", ".yml") and (text.isprintable() or "\n" in text)
    return Kind.YAML if is_yaml else None
