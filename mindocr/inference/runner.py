"""Runners: one interface to run a network of any framework, and the function that opens a model file."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mindocr.errors import CheckpointError, UserError
from mindocr.inference.runtimes import runtime_of
from mindocr.models.algorithms import ALGORITHMS
from mindocr.models.file_kind import Kind, kind_of, refusal
from mindocr.models.zoo import model_names
from mindocr.registry import suggest
from mindocr.utils.paths import expand_home

# Ending of a file -> module with ``open_file(path, config)``, imported when such a file is opened. If the content of a
# file shows its kind, the ending of that kind counts.
OPENERS = {
    ".ckpt": "mindocr.inference.checkpoint",
    ".safetensors": "mindocr.inference.checkpoint",
    ".mindir": "mindocr.inference.mindir",
    ".ms": "mindocr.inference.mindspore_lite",
    ".onnx": "mindocr.inference.onnx",
}
_LITE = "mindocr.inference.mindspore_lite"
ENDINGS = {
    Kind.CHECKPOINT: ".ckpt", Kind.SAFETENSORS: ".safetensors", Kind.MINDIR: ".mindir", Kind.ONNX: ".onnx",
    Kind.LITE: ".ms",
}  # fmt: skip
_YAML = (".yaml", ".yml")


class Runner(Protocol):
    """A network that takes images and returns named outputs.

    Attributes:
        input_size: (h, w) of the images in pixels, -1 = any.
        output_names: names of the outputs, in order.
        metadata: metadata of the model, see :mod:`mindocr.inference.metadata`.
    """

    @property
    def input_size(self) -> tuple[int, int]: ...

    @property
    def output_names(self) -> tuple[str, ...]: ...

    @property
    def metadata(self) -> Mapping[str, Any]: ...

    def __call__(self, images: np.ndarray | Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
        """Run the network; returns for each output one array per image, without a batch axis.

        Args:
            images: (N, 3, H, W), or N arrays (3, H_i, W_i); float32, normalised.

        Raises:
            UserError: the size of an image differs from ``input_size``.
        """


def open_runner(
    model: str | Path,
    *,
    config: str | Path | None = None,
    ckpt: str | Path | None = None,
    runtime: str = "auto",
    threads: int | None = None,
) -> Runner:
    """Open the runner of a model.

    Args:
        model: a file ``.ckpt``, ``.safetensors``, ``.mindir``, ``.onnx`` or ``.ms``; a folder that holds one checkpoint
            or a ``best.ckpt``; the YAML file of a configuration; or the name of a model or an algorithm.
        config: YAML file whose model, pipelines and post-processing replace those stored in the model file. A
            checkpoint written by training with mindocr needs none.
        ckpt: checkpoint for a name or a YAML file; by default the released weights, or the checkpoint that the YAML
            file names.
        runtime: ``auto``, or what must run the model, see :data:`mindocr.inference.runtimes.RUNTIMES`.
        threads: CPU threads of one network, for onnxruntime and MindSpore Lite; None = all usable CPUs.

    Raises:
        CheckpointError: the file is missing or damaged, or does not state how to use it.
        ConfigError: the configuration cannot be used.
        UserError: the kind of model is unknown, ``config``, ``ckpt``, ``runtime`` or ``threads`` cannot be used with
            it, or the framework that runs it is not installed.
    """
    model = expand_home(str(model))
    try:
        config, ckpt = (expand_home(str(path)) if path else None for path in (config, ckpt))
        return _open(model, config, ckpt, runtime, threads)
    except ImportError as error:
        if error.name != "mindspore":
            raise
        raise UserError(
            f"'{model}' runs in MindSpore, which is not installed here; install it with: pip install mindspore"
        ) from None


def given(runtime: str, threads: int | None) -> dict[str, Any]:
    """Those of the arguments ``runtime`` and ``threads`` of :func:`open_runner` that are not its defaults."""
    return {
        **({} if runtime == "auto" else {"runtime": runtime}), **({} if threads is None else {"threads": threads})
    }  # fmt: skip


def _open(
    model: str | Path, config: str | Path | None, ckpt: str | Path | None, runtime: str, threads: int | None
) -> Runner:
    path, suffix = Path(model), Path(model).suffix.lower()
    is_named = str(model) in model_names() or str(model).upper() in ALGORITHMS
    if is_named or suffix in _YAML:
        if config is not None:
            raise UserError(
                f"config: '{model}' is a configuration or a named model, so it takes no other; remove config"
            )
        runtime_of(".ckpt", runtime, str(model))
        refuse_threads(threads, model)
        checkpoint = importlib.import_module("mindocr.inference.checkpoint")
        return checkpoint.open_named(str(model), ckpt) if is_named else checkpoint.open_config(path, ckpt)
    if ckpt is not None:
        raise UserError(f"ckpt: expected a named model or a YAML file to use it with, got '{model}'; remove ckpt")
    kind = kind_of(path)
    suffix = ".ckpt" if path.is_dir() else ENDINGS.get(kind, suffix) if kind else suffix
    if suffix not in OPENERS:
        if error := refusal(path, "a checkpoint, MindIR or ONNX file"):
            raise error
        known = [*model_names(), *ALGORITHMS]
        raise UserError(
            f"'{model}'{suggest(str(model), known)}: expected a file that ends in {', '.join(OPENERS)} or .yaml, a "
            f"folder with a checkpoint, or one of {', '.join(known)}"
        )
    choice = runtime_of(suffix, runtime, str(model))
    if choice.runtime == "mindspore":
        refuse_threads(threads, model)
        return importlib.import_module(OPENERS[suffix]).open_file(path, config)
    opener = importlib.import_module(_LITE if choice.runtime == "mindspore_lite" else OPENERS[suffix])
    return opener.open_file(path, config, threads=threads)


def refuse_threads(threads: int | None, model: str | Path) -> None:
    """Check that no number of threads is asked for, as MindSpore takes none.

    Raises:
        UserError: one is.
    """
    if threads is not None:
        raise UserError(
            f"threads: '{model}' runs in MindSpore, which chooses its threads itself; leave it out, or choose the "
            "runtime onnxruntime"
        )


def run_in_groups(
    names: Sequence[str],
    images: np.ndarray | Sequence[np.ndarray],
    run: Callable[[np.ndarray], Sequence[np.ndarray]],
) -> dict[str, list[np.ndarray]]:
    """Run images of one size as one batch; returns for each output one array per image, without a batch axis.

    Args:
        names: those of the outputs.
        images: as for :class:`Runner`.
        run: computes the outputs, (N, ...) each, of a batch (N, 3, H, W) float32.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, image in enumerate(images):
        groups.setdefault(image.shape, []).append(i)
    outputs: dict[str, list[np.ndarray]] = {name: [np.empty(0, np.float32)] * len(images) for name in names}
    for indices in groups.values():
        whole = isinstance(images, np.ndarray) and len(indices) == len(images)
        batch = images if whole else np.stack([images[i] for i in indices])
        for name, output in zip(names, run(np.ascontiguousarray(batch, dtype=np.float32))):
            for i, value in zip(indices, output):
                outputs[name][i] = value
    return outputs


def run_one_by_one(
    path: Path,
    runner: Runner,
    images: np.ndarray | Sequence[np.ndarray],
    run: Callable[[np.ndarray], Sequence[np.ndarray]],
) -> dict[str, list[np.ndarray]]:
    """Run a model file image by image; returns for each output one array per image, without a batch axis.

    Args:
        path: the file, for messages.
        runner: its sizes and names.
        images: as for :class:`Runner`.
        run: computes the outputs of one image (1, 3, H, W) float32.

    Raises:
        UserError: the size of an image differs from that of the file.
        CheckpointError: the number of outputs differs from that of output names in the file.
    """
    rows = []
    for image in images:
        # Frameworks do not check this: a static graph computes wrong outputs from any other size without an error.
        if any(declared not in (-1, actual) for declared, actual in zip(runner.input_size, image.shape[1:])):
            raise UserError(
                f"'{path}' takes images of {runner.input_size[0]} x {runner.input_size[1]} pixels, but the pipeline "
                f"returned {image.shape[1]} x {image.shape[2]}; set target_size of DetResize in the configuration to "
                "the exported data_shape, or export with --is_dynamic_shape True"
            )
        row = run(np.ascontiguousarray(image[None], dtype=np.float32))
        if len(row) != len(runner.output_names):
            names = ", ".join(runner.output_names)
            raise CheckpointError(f"'{path}' has {len(row)} outputs, but its output names are {names}; export it again")
        rows.append([np.asarray(output)[0] for output in row])
    return {name: [row[i] for row in rows] for i, name in enumerate(runner.output_names)}
