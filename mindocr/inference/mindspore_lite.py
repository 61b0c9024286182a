"""Runners for files of MindSpore Lite's ``converter_lite``, on Ascend (310 and others) and on the CPU.

MindSpore Lite is a package of its own, ``mindspore_lite``, that comes with the Ascend toolkit of a device or from
MindSpore's download page; no MindSpore is needed beside it. Calls are those of its public Python API, version 2.0 on:
``Context``, ``Model.build_from_file``, ``get_inputs``, ``resize``, ``Tensor.set_data_from_numpy``, ``predict``,
``Tensor.get_data_to_numpy``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.environment import ascend_present
from mindocr.errors import CheckpointError, UserError
from mindocr.inference import metadata
from mindocr.inference.runner import run_one_by_one
from mindocr.registry import POSTPROCESSES


class MindSporeLite:
    """Runs a network with one input (N, 3, H, W) float32 and one or several outputs, image by image.

    Args:
        path: a ``.mindir`` file for MindSpore Lite, or an ``.ms`` file.
        threads: CPU threads; None = as MindSpore Lite chooses. Without effect on Ascend.
        device_id: index of the Ascend device.

    Attributes:
        input_size: (h, w) of the images in pixels; -1 = any.
        output_names: names of the outputs, in order.
        metadata: nothing but what :func:`open_file` adds: the converter drops the entries of a MindIR file.

    Raises:
        CheckpointError: no such file, MindSpore Lite cannot build it, or its network has another input.
        UserError: MindSpore Lite is not installed, or fewer than one thread is asked for.
    """

    def __init__(self, path: str | Path, threads: int | None = None, device_id: int = 0) -> None:
        self.path = Path(path)
        if threads is not None and threads < 1:
            raise UserError(f"threads: expected a whole number from 1, got {threads}")
        if not self.path.is_file():
            raise CheckpointError(f"'{path}': no such file; expected a file of MindSpore Lite's converter_lite")
        try:
            import mindspore_lite as lite
        except ImportError:
            raise UserError(
                f"'{path}' runs in MindSpore Lite, which is not installed here; install the package mindspore_lite "
                "from MindSpore's download page"
            ) from None
        context = lite.Context()
        if ascend_present():
            context.target = ["ascend"]
            context.ascend.device_id = device_id
        else:
            context.target = ["cpu"]
            if threads is not None:
                context.cpu.thread_num = threads
        self._model = lite.Model()
        try:
            self._model.build_from_file(str(self.path), _type_of(lite, self.path), context)
            self._inputs = self._model.get_inputs()
        except RuntimeError as error:
            raise CheckpointError(
                f"'{path}': MindSpore Lite cannot build it ({str(error).strip().splitlines()[0]}); convert the MindIR "
                "file of 'mindocr export' with converter_lite for this device"
            ) from None
        shapes = [list(each.shape) for each in self._inputs]
        if len(shapes) != 1 or len(shapes[0]) != 4:
            raise CheckpointError(f"'{path}': expected one input, float32 (N, 3, H, W); this network takes {shapes}")
        self.input_size: tuple[int, int] = (shapes[0][2], shapes[0][3])
        self._shape: tuple[int, ...] = tuple(shapes[0])
        self.metadata: dict[str, Any] = {}
        self.output_names: tuple[str, ...] = ("prob",)

    def __call__(self, images: np.ndarray | Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
        """See :class:`~mindocr.inference.runner.Runner`."""
        return run_one_by_one(self.path, self, images, self._run)

    def _run(self, image: np.ndarray) -> list[np.ndarray]:
        if image.shape != self._shape:
            self._model.resize(self._inputs, [list(image.shape)])
            self._shape = image.shape
        self._inputs[0].set_data_from_numpy(image)
        # The memory of the outputs belongs to the model, which uses it again for the next image.
        return [np.array(output.get_data_to_numpy()) for output in self._model.predict(self._inputs)]


def open_file(path: Path, config: str | Path | None = None, threads: int | None = None) -> MindSporeLite:
    """Open a file of MindSpore Lite; a YAML file gives the settings, which the file itself cannot hold."""
    model = MindSporeLite(path, threads)
    model.metadata = metadata.completed(model.metadata, model.input_size, config)
    section = model.metadata.get(metadata.POSTPROCESS)
    reads = POSTPROCESSES.build(section).reads if section else ("prob",)
    model.output_names = tuple(model.metadata.get(metadata.OUTPUTS) or reads)
    return model


def _type_of(lite: Any, path: Path) -> Any:
    """The kind of file, as MindSpore Lite names it; the type of ``.ms`` files is not in all of its versions."""
    if path.suffix.lower() != ".ms":
        return lite.ModelType.MINDIR
    kind = getattr(lite.ModelType, "MINDIR_LITE", None)
    if kind is None:
        raise CheckpointError(
            f"'{path}': this version of MindSpore Lite runs no .ms files; convert with --optimize=ascend_oriented, or "
            "to MINDIR, which writes a .mindir file"
        )
    return kind
