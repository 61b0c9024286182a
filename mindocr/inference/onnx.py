"""Runners for ONNX files, with onnxruntime on the CPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import CheckpointError, UserError
from mindocr.inference import metadata
from mindocr.inference.runner import run_in_groups, run_one_by_one
from mindocr.inference.runtimes import is_installed
from mindocr.models.file_kind import Kind, refusal
from mindocr.utils.parallel import usable_cpus


class Onnx:
    """Runs a network with one input (N, 3, H, W) float32 and one or several outputs.

    If the file takes batches of any length, images of one size share a batch; otherwise it runs image by image.

    Args:
        path: the file.
        threads: CPU threads for one batch; None = all usable CPUs.

    Several batches are computed faster side by side, each in one thread by :meth:`work`, than one after the other in
    several threads; a single batch is not.

    Attributes:
        input_size: (h, w) of the images in pixels; -1 = any.
        output_names: names of the outputs, in order, see :func:`mindocr.inference.metadata.output_names`.
        metadata: the entries of this project in ``metadata_props``, see :mod:`mindocr.inference.metadata`.
        workers: calls of :meth:`work` that should run at once: the number of threads.

    Raises:
        CheckpointError: no such file, it is not a complete ONNX file, or its network has another input.
        UserError: onnxruntime is not installed, or fewer than one thread is asked for.
    """

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise UserError(f"threads: expected a whole number from 1, got {threads}")
        self.workers = threads or usable_cpus()
        self._narrow: Any = None  # opened when it is needed
        self._lock = threading.Lock()
        self.path = Path(path)
        if not self.path.is_file():
            raise CheckpointError(f"'{path}': no such file; expected an ONNX file")
        if error := refusal(path, "an ONNX file", Kind.ONNX):
            raise error
        if not is_installed("onnxruntime"):
            raise UserError(f"'{path}': ONNX files need onnxruntime; install it with: pip install onnxruntime")
        try:
            self._session = self._open(self.workers)
            self.metadata = metadata.from_texts(self._session.get_modelmeta().custom_metadata_map)
        except Exception as error:  # the errors of onnxruntime have no common base class
            raise CheckpointError(
                f"'{path}' is not an ONNX file that onnxruntime can load ({str(error).strip().splitlines()[0]}); "
                "export it again"
            ) from None
        self._input, self.input_size, self._takes_batches = _image_input(path, self._session.get_inputs())
        found = [output.name for output in self._session.get_outputs()]
        self.output_names = metadata.output_names(self.metadata, found)
        if len(found) != len(self.output_names):
            names = ", ".join(self.output_names)
            raise CheckpointError(
                f"'{path}' has {len(found)} outputs, but its output names are {names}; export it again"
            )

    def __call__(self, images: np.ndarray | Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
        """See :class:`~mindocr.inference.runner.Runner`."""
        return self._run(self._session, images)

    def work_alone(self, images: np.ndarray | Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
        """The same in all threads, before :meth:`work` is called: memory that it needed is free again afterwards."""
        import onnxruntime

        options = onnxruntime.RunOptions()
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        return self._run(self._session, images, options)

    def work(self, images: np.ndarray | Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
        """The same in the calling thread alone; several threads may call it at once."""
        with self._lock:
            if self._narrow is None:
                self._narrow = self._session if self.workers == 1 else self._open(1)
        return self._run(self._narrow, images)

    def _run(
        self, session: Any, images: np.ndarray | Sequence[np.ndarray], options: Any = None
    ) -> dict[str, list[np.ndarray]]:
        def run(batch: np.ndarray) -> list[np.ndarray]:
            outputs: list[np.ndarray] = session.run(None, {self._input: batch}, options)
            return outputs

        if self._takes_batches and self.input_size == (-1, -1):
            return run_in_groups(self.output_names, images, run)
        return run_one_by_one(self.path, self, images, run)

    def _open(self, threads: int) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        # Image sizes differ, and for each of them the plan of its memory would be kept.
        options.enable_mem_pattern = False
        # Threads that wait would otherwise take CPU time from those that prepare images and compute results.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        provider = ("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})
        return onnxruntime.InferenceSession(str(self.path), options, providers=[provider])


def open_file(path: Path, config: str | Path | None = None, threads: int | None = None) -> Onnx:
    """Open an ONNX file; a YAML file completes its metadata."""
    model = Onnx(path, threads)
    model.metadata = metadata.completed(model.metadata, model.input_size, config)
    return model


def _image_input(path: str | Path, inputs: Sequence[Any]) -> tuple[str, tuple[int, int], bool]:
    """Name and size (h, w) of the only input in pixels, dynamic dimensions are -1; and whether it takes batches.

    Raises:
        CheckpointError: there is not exactly one input (N, 3, H, W) float32.
    """
    sides = [[side if isinstance(side, int) else -1 for side in each.shape] for each in inputs]
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(sides[0]) != 4 or sides[0][1] not in (3, -1):
        found = ", ".join(f"{each.name}: {each.type} {each.shape}" for each in inputs)
        raise CheckpointError(f"'{path}': expected one input, float32 (N, 3, H, W); this network takes {found}")
    return inputs[0].name, (sides[0][2], sides[0][3]), sides[0][0] == -1
