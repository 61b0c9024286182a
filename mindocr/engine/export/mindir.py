"""Writes MindIR files at any path, with metadata inside and a checksum at the end."""

from __future__ import annotations

import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mindocr.errors import UserError
from mindocr.inference.metadata import to_texts
from mindocr.inference.mindir import SEAL, is_map

_ACCEPTED = re.compile(r"[0-9a-zA-Z@_\-.:/\\]+")  # names that ms.export takes; no blanks, brackets or Chinese letters


def write(network: Any, declared: Any, path: Path, metadata: Mapping[str, Any]) -> None:
    """Export a network to ``path``, which ends in ``.mindir`` and may contain any characters.

    Args:
        network: an ``nn.Cell``.
        declared: tensor that states the shape of the input.
        metadata: stored in the file, see :mod:`mindocr.inference.metadata`.

    Raises:
        UserError: neither the folder nor any folder for temporary files has a name that MindSpore accepts.
    """
    import mindspore as ms

    with _accepted(path) as written:
        ms.export(network, declared, file_name=str(written), file_format="MINDIR", custom_func=encloser(metadata))
        written.chmod(0o644)
        if written != path:
            shutil.copyfile(written, path)


@contextmanager
def _accepted(path: Path) -> Iterator[Path]:
    """``path`` if MindSpore accepts it, else a file in a temporary folder, which is removed afterwards."""
    if _ACCEPTED.fullmatch(str(path)):
        yield path
        return
    folder = _temporary_folder()
    if folder is None:
        raise UserError(
            f"MindSpore cannot export to '{path.parent}' or to '{tempfile.gettempdir()}': it accepts only the letters "
            "A to Z, digits and @ _ - . : in a path; set TMPDIR to a folder with such a name"
        )
    try:
        yield folder / "model.mindir"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary_folder() -> Path | None:
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp", "."):
        if not _ACCEPTED.fullmatch(parent):
            continue
        try:
            made = tempfile.mkdtemp(prefix="mindocr-export-", dir=parent)
        except OSError:  # not writable, or there is no such folder
            continue
        # Relative to the current folder, whose own name may contain anything: MindSpore checks only what it is given.
        return Path(parent) / Path(made).name
    return None


def encloser(metadata: Mapping[str, Any]) -> Callable[[Any], None]:
    """A function that puts ``metadata`` into a model that ``ms.export`` is about to write.

    Args:
        metadata: see :mod:`mindocr.inference.metadata`.
    """
    texts = to_texts(metadata)

    def enclose(model: Any) -> None:
        for key, text in texts.items():
            if is_map(model.user_info):
                model.user_info[key] = text
            else:
                model.user_info.add(key=key, value=text)

    return enclose


def seal(path: Path) -> None:
    """Append a checksum to a MindIR file. The format has none, so a flipped byte would load as another weight.

    Such files are protobuf messages, and bytes after the end are read as further fields: the checksum is an entry of
    ``user_info``, which MindSpore ignores.
    """
    checksum = zlib.crc32(path.read_bytes())
    with path.open("ab") as file:
        file.write(SEAL + b"%08x" % checksum)
