"""A MindIR file as the forward pass of a predictor."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from mindocr.errors import CheckpointError, UserError
from mindocr.models.network import as_tuple

POSTPROCESS, OUTPUTS = "mindocr.postprocess", "mindocr.outputs"
# Field 14, 25 bytes: key of 13 bytes, value of 8
_SEAL = b"r\x19\n\rmindocr.crc32\x12\x08"


def encloser(metadata: Mapping[str, Any]) -> Callable[[Any], None]:
    """A function that puts ``metadata``, values for JSON by key, into a model that ``ms.export`` is about to write."""
    texts = {key: json.dumps(value) for key, value in metadata.items()}

    def enclose(model: Any) -> None:
        for key, text in texts.items():
            if _is_map(model.user_info):
                model.user_info[key] = text
            else:
                model.user_info.add(key=key, value=text)

    return enclose


def _is_map(entries: Any) -> bool:
    """False in MindSpore 2.7, whose description of the format makes the same bytes a list of entries."""
    return hasattr(entries, "get")


class MindIR:
    """Runs an exported detector, image by image.

    Attributes:
        size: (h, w) in pixels that the file takes; -1 = any.
        output_names: names of the outputs, in order; files from before these were stored have one, ``prob``.
        postprocess: the ``postprocess`` section that travels in the file, or None.

    Raises:
        CheckpointError: no such file, or one that is no whole MindIR.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise CheckpointError(f"'{path}': no such file; expected a MindIR file made by 'mindocr export'")
        try:
            self.size, metadata = _read(self.path)
            self.output_names = tuple(metadata.get(OUTPUTS, ("prob",)))
            self.postprocess = metadata.get(POSTPROCESS)
            self._graph = nn.GraphCell(ms.load(str(self.path)))
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise CheckpointError(
                f"'{path}' is not a whole MindIR file ({str(error).strip().splitlines()[0]}); export it again"
            ) from None

    def __call__(self, images: Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
        """For each output an array an image, without the batch axis, from images (3, H, W), float32.

        Raises:
            UserError: the file was exported for another image size.
        """
        rows = [self._run(image) for image in images]
        return {name: [row[i] for row in rows] for i, name in enumerate(self.output_names)}

    def _run(self, image: np.ndarray) -> list[np.ndarray]:
        # MindSpore itself does not check: a static graph would compute something from any size.
        if any(declared not in (-1, actual) for declared, actual in zip(self.size, image.shape[1:])):
            raise UserError(
                f"'{self.path}' takes images of {self.size[0]} x {self.size[1]} pixels, the pipeline gave "
                f"{image.shape[1]} x {image.shape[2]}; set target_size of DetResize in the configuration to the "
                "exported data_shape, or export with --is_dynamic_shape True"
            )
        outputs = as_tuple(self._graph(ms.Tensor(np.ascontiguousarray(image[None]))))
        return [output.asnumpy()[0] for output in outputs]


def seal(path: Path) -> None:
    """Put a checksum behind the content of a MindIR file, which has none: a flipped byte would load as another weight.

    Such files are protobuf messages, and what stands behind one is read as further fields of it: this is an entry of
    ``user_info``, which MindSpore leaves alone.
    """
    checksum = zlib.crc32(path.read_bytes())
    with path.open("ab") as file:
        file.write(_SEAL + b"%08x" % checksum)


def _check_seal(content: bytes) -> None:
    """Compare the checksum with the content, in files that have one.

    Raises:
        ValueError: they do not agree.
    """
    body, mark, checksum = content[: -len(_SEAL) - 8], content[-len(_SEAL) - 8 : -8], content[-8:]
    if mark == _SEAL and checksum != b"%08x" % zlib.crc32(body):
        raise ValueError("its checksum does not fit: bytes of it have changed since it was written")


def _read(path: Path) -> tuple[tuple[int, int], dict[str, Any]]:
    """Size (h, w) of the input, and the metadata that this package has stored, by key."""
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
    texts = entries if _is_map(entries) else {entry.key: entry.value for entry in entries}
    return (shape[2], shape[3]), {key: json.loads(texts[key]) for key in (POSTPROCESS, OUTPUTS) if key in texts}
