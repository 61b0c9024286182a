"""Runners for ONNX files, with onnxruntime on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import CheckpointError, UserError
from mindocr.inference import metadata
from mindocr.inference.runner import run_one_by_one
from mindocr.models.file_kind import Kind, refusal


class Onnx:
    """Runs a network with one input (N, 3, H, W) float32 and one or several outputs, image by image.

    Attributes:
        input_size: (h, w) of the images in pixels; -1 = any.
        output_names: names of the outputs, in order, see :func:`mindocr.inference.metadata.output_names`.
        metadata: the entries of this project in ``metadata_props``, see :mod:`mindocr.inference.metadata`.

    Raises:
        CheckpointError: no such file, it is not a complete ONNX file, or its network has another input.
        UserError: onnxruntime is not installed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise CheckpointError(f"'{path}': no such file; expected an ONNX file")
        if error := refusal(path, "an ONNX file", Kind.ONNX):
            raise error
        try:
            import onnxruntime
        except ImportError:
            raise UserError(
                f"'{path}': ONNX files need onnxruntime; install it with: pip install onnxruntime"
            ) from None
        try:
            self._session = onnxruntime.InferenceSession(str(self.path), providers=["CPUExecutionProvider"])
            self.metadata = metadata.from_texts(self._session.get_modelmeta().custom_metadata_map)
        except Exception as error:  # the errors of onnxruntime have no common base class
            raise CheckpointError(
                f"'{path}' is not an ONNX file that onnxruntime can load ({str(error).strip().splitlines()[0]}); "
                "export it again"
            ) from None
        self._input, self.input_size = _image_input(path, self._session.get_inputs())
        self.output_names = metadata.output_names(self.metadata, [o.name for o in self._session.get_outputs()])

    def __call__(self, images: np.ndarray | Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
        """See :class:`~mindocr.inference.runner.Runner`."""
        return run_one_by_one(self.path, self, images, lambda image: self._session.run(None, {self._input: image}))


def open_file(path: Path, config: str | Path | None = None) -> Onnx:
    """Open an ONNX file; a YAML file completes its metadata."""
    model = Onnx(path)
    model.metadata = metadata.completed(model.metadata, model.input_size, config)
    return model


def _image_input(path: str | Path, inputs: Sequence[Any]) -> tuple[str, tuple[int, int]]:
    """Name and size (h, w) of the only input in pixels; dynamic dimensions are -1.

    Raises:
        CheckpointError: there is not exactly one input (N, 3, H, W) float32.
    """
    sides = [[side if isinstance(side, int) else -1 for side in each.shape] for each in inputs]
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(sides[0]) != 4 or sides[0][1] not in (3, -1):
        found = ", ".join(f"{each.name}: {each.type} {each.shape}" for each in inputs)
        raise CheckpointError(f"'{path}': expected one input, float32 (N, 3, H, W); this network takes {found}")
    return inputs[0].name, (sides[0][2], sides[0][3])
