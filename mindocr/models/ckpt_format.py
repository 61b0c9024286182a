"""Checks byte by byte whether a file is a complete checkpoint, because MindSpore's own messages do not show it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO, Literal

from mindocr.errors import CheckpointError
from mindocr.models.file_kind import Kind, kind_of, starts_with_parameter, varint

FORMATS = ("ckpt", "safetensors")  # also the suffixes of such files
_FIELD_1 = 0x0A  # protobuf: field 1, length-delimited
_CRC_MARK = b"crc_num"
_CRC_TAIL = len(_CRC_MARK) + 10
_ENDINGS = {Kind.CHECKPOINT: ".ckpt", Kind.SAFETENSORS: ".safetensors"}


def check_file(path: Path) -> tuple[Literal["ckpt", "safetensors"], bool]:
    """Check that ``path`` is a complete checkpoint, without reading its weights.

    Returns:
        Its format, and whether it carries a CRC of its content.

    Raises:
        CheckpointError: no such file, not a checkpoint, or cut short.
    """
    if path.is_dir():
        raise CheckpointError(f"{path}: a folder, not a checkpoint file{_checkpoints_in(path)}")
    if not path.exists():
        raise CheckpointError(f"{path}: no such file{_checkpoints_in(path.parent)}")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if size == 0:
                raise CheckpointError(f"{path}: the file is empty; a copy or a save was interrupted. Copy it again")
            _check_kind(path)
            if path.suffix == ".safetensors":
                return "safetensors", _check_safetensors(path, file, size)
            return "ckpt", _check_ckpt(path, file, size)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error})") from error


def _checkpoints_in(folder: Path) -> str:
    if not folder.is_dir():
        return f"; the folder {folder} does not exist either"
    names = sorted(p.name for p in folder.iterdir() if p.suffix in (".ckpt", ".safetensors"))
    return f"; the folder has {', '.join(names[:5])}" if names else "; the folder has no checkpoint"


def _cut_short(path: Path, size: int, needed: int) -> CheckpointError:
    return CheckpointError(
        f"{path}: cut short: {size} bytes, at least {needed} expected. A copy or a save was interrupted; copy it "
        "again, or use an older checkpoint"
    )


def _check_ckpt(path: Path, file: BinaryIO, size: int) -> bool:
    """Walk the top level of the protobuf message: one length-delimited entry per parameter."""
    file.seek(max(0, size - _CRC_TAIL))
    has_crc = file.read(len(_CRC_MARK)) == _CRC_MARK
    end = size - _CRC_TAIL if has_crc else size
    file.seek(0)
    if not starts_with_parameter(file.read(64)):
        raise _not_a_checkpoint(path)
    position = 0
    while position < end:
        file.seek(position)
        head = file.read(11)
        length, used = varint(head[1:])
        if head[0] != _FIELD_1 or (length is None and len(head) == 11):
            raise CheckpointError(f"{path}: damaged at byte {position}; copy it again, or use an older checkpoint")
        if length is None:
            raise _cut_short(path, size, size + 1)
        position += 1 + used + length
        if position > end:
            raise _cut_short(path, size, position)
    return has_crc


def _check_kind(path: Path) -> None:
    """Refuse files of another kind, and the wrong ending, by which MindSpore chooses the format."""
    kind = kind_of(path)
    if kind is None:
        return
    if kind not in _ENDINGS:
        raise _not_a_checkpoint(path)
    ending = _ENDINGS[kind]
    if path.suffix != ending:
        raise CheckpointError(
            f"{path}: this is a checkpoint in the format {ending[1:]}, and MindSpore needs this ending; rename it to "
            f"'{path.with_suffix(ending).name}'"
        )


def _not_a_checkpoint(path: Path) -> CheckpointError:
    kind = kind_of(path)
    is_foreign = kind is not None and kind not in _ENDINGS
    what, advice = (f" but {kind.noun}", f"; {kind.advice(path)}") if kind and is_foreign else ("", "")
    return CheckpointError(
        f"{path}: not a MindSpore checkpoint{what}; expected a file that mindspore.save_checkpoint wrote (.ckpt or "
        f".safetensors){advice}"
    )


def _check_safetensors(path: Path, file: BinaryIO, size: int) -> bool:
    """Compare the file's size with what its header states; True where MindSpore has stored a CRC there."""
    header_size = int.from_bytes(file.read(8), "little")
    if size < 8 or header_size > 100_000_000:
        raise _not_a_checkpoint(path)
    if 8 + header_size > size:
        raise _cut_short(path, size, 8 + header_size)
    try:
        header = json.loads(file.read(header_size))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        has_crc = "crc_num" in header.get("__metadata__", {})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _not_a_checkpoint(path) from error
    needed = 8 + header_size + max(ends, default=0)
    if size < needed:
        raise _cut_short(path, size, needed)
    return has_crc
