"""Export to MindIR: the file is loaded again and compared with the network before success is reported."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from mindocr.config import load_config
from mindocr.config.schema import System
from mindocr.engine.export import fused_form, mindir
from mindocr.engine.runtime import process
from mindocr.errors import UserError
from mindocr.inference import dictionary
from mindocr.inference.metadata import MODEL, OUTPUTS, of_sections
from mindocr.inference.mindir import load_graph
from mindocr.models.builder import build_model
from mindocr.models.file_kind import refusal
from mindocr.models.network import Network, as_tuple
from mindocr.models.zoo import get_model
from mindocr.utils import files

logger = logging.getLogger(__name__)

TOLERANCE = 1e-5  # of the same layers in two programs; fused layers may differ by fused_form.TOLERANCE


@dataclass(frozen=True)
class Exported:
    """A written file, and the largest difference between its output and the network's over the compared inputs."""

    path: Path
    max_difference: float


def export_mindir(
    network: nn.Cell,
    path: Path,
    shape: tuple[int, int],
    *,
    dynamic: bool = False,
    metadata: Mapping[str, Any] | None = None,
    fused: Network | None = None,
) -> Exported:
    """Write ``network`` as MindIR with input (1, 3, H, W), or (N, 3, H, W) of any size when ``dynamic``.

    Args:
        network: takes (N, 3, H, W) float32; its inference outputs are exported and compared.
        path: file to write; it appears only once it has been loaded and compared.
        shape: (h, w) in pixels, multiples of the network's stride; with ``dynamic``, one of two compared sizes.
        metadata: stored in the file, see :mod:`mindocr.inference.metadata`; names of the outputs are added.
        fused: its fused form, which is then written in its place; the file is compared with ``network``.

    Raises:
        UserError: the shape does not fit, the file cannot be written, or the reloaded file disagrees with the network.
    """
    network = network.inference_network()
    check_shape(shape, network.stride)
    network.set_train(False)
    sizes = [shape, (shape[0] + network.stride, shape[1] + 2 * network.stride)] if dynamic else [shape]
    samples = [_sample(size) for size in sizes]
    expected = [_arrays(network(ms.Tensor(sample))) for sample in samples]
    tolerance, written = (TOLERANCE, network) if fused is None else (fused_form.TOLERANCE, fused.set_train(False))
    declared = ms.Tensor(shape=[None, 3, None, None], dtype=ms.float32) if dynamic else ms.Tensor(samples[0])
    with files.replacing(path, suffix=".mindir", old="report") as partial:
        mindir.write(written, declared, partial, {**(metadata or {}), OUTPUTS: network.inference_outputs})
        mindir.seal(partial)
        reloaded = nn.GraphCell(load_graph(partial))
        outputs = [_arrays(reloaded(ms.Tensor(sample))) for sample in samples]
        pairs = [pair for got, wanted in zip(outputs, expected) for pair in zip(got, wanted, strict=True)]
        difference = max(float(np.abs(a - b).max()) for a, b in pairs)
        if not difference <= tolerance:
            raise UserError(
                f"the exported file does not compute what the network does: largest difference {difference:.3g}, "
                f"allowed {tolerance:g}; nothing was written to '{path}'"
            )
    return Exported(path, difference)


def check_shape(shape: tuple[int, int], stride: int) -> None:
    """Check that height and width are multiples of the network's stride.

    Raises:
        UserError: h or w is not a positive multiple of ``stride``.
    """
    wrong = [side for side in shape if side < stride or side % stride]
    if wrong:
        nearest = [max(stride, round(side / stride) * stride) for side in shape]
        raise UserError(
            f"data_shape: {shape[0]} {shape[1]} is not possible, height and width must be multiples of {stride}; "
            f"nearest: {nearest[0]} {nearest[1]}"
        )


def run(
    model_name_or_config: str,
    shape: tuple[int, int],
    folder: str | Path,
    *,
    ckpt: str | None = None,
    dynamic: bool = False,
) -> Exported:
    """Export a named model, or the model of a YAML file, to ``folder/<name>.mindir``.

    Layers that have branches in training are written as one convolution each.

    Args:
        ckpt: its weights; None takes the released ones of a named model, or ``eval.ckpt_load_path`` of a file.

    Raises:
        UserError: the shape, the model, its weights or the folder cannot be used.
    """
    process.start_logging()
    folder = process.prepare_output(folder, key="--save_dir")
    process.start(System())
    if Path(model_name_or_config).suffix in (".yaml", ".yml"):
        config = load_config(model_name_or_config, command="export --is_dynamic_shape" if dynamic else "export")
        weights = ckpt or (config.eval.ckpt_load_path if config.eval else None)
        if not weights:
            raise UserError(f"--local_ckpt_path: required, '{model_name_or_config}' names no eval.ckpt_load_path")
        config = dictionary.complete(config, weights, "--local_ckpt_path")
        model: Any = config.model.model_dump()
        metadata = of_sections(config.model_dump(), fixed_size=not dynamic)
    else:
        if error := refusal(model_name_or_config, "a named model or a YAML file"):
            raise error
        model, weights = model_name_or_config, ckpt
        metadata = {MODEL: model_name_or_config}
    check_shape(shape, build_model(model, pretrained=False).stride)  # before weights are downloaded
    network = build_model(model, ckpt=weights, pretrained=weights is None)
    path = folder / f"{Path(model_name_or_config).stem}.mindir"
    fused = fused_form.fused_network(get_model(model).spec if isinstance(model, str) else model, network)
    exported = export_mindir(network, path, shape, dynamic=dynamic, metadata=metadata, fused=fused)
    logger.info("exported %s, input %s; reloaded, largest difference from the network %.3g", exported.path,
                "(N, 3, H, W)" if dynamic else f"(1, 3, {shape[0]}, {shape[1]})", exported.max_difference)  # fmt: skip
    return exported


def _arrays(outputs: Any) -> list[np.ndarray]:
    return [output.asnumpy() for output in as_tuple(outputs)]


def _sample(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, 3, *size)).astype(np.float32)
