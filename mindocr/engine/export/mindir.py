"""What an exported MindIR file contains besides the network: metadata inside, a checksum at the end."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mindocr.inference.metadata import to_texts
from mindocr.inference.mindir import SEAL, is_map


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
