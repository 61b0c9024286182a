"""Export: a file for another runtime appears only after it was loaded there and agreed with the network."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from mindocr.config.schema import System
from mindocr.engine.export import certify, checkpoint_file, fused_form, mindir, onnx
from mindocr.engine.export.source import ExportSource, find_source, metric_of
from mindocr.engine.runtime import process
from mindocr.errors import UserError
from mindocr.inference import metadata as stated
from mindocr.inference.certificate import Certificate, beside, compare, table
from mindocr.inference.labelled import LabelledImages
from mindocr.inference.metadata import OUTPUTS
from mindocr.inference.mindir import load_graph
from mindocr.inference.runner import open_runner
from mindocr.models.builder import build_model
from mindocr.models.ckpt_entries import MODEL_KEY, SETTINGS_ENTRY
from mindocr.models.network import Network, as_tuple
from mindocr.models.network_runner import NetworkRunner
from mindocr.models.quantization import Ranges, given_arrays, is_quantized, rounded_weights
from mindocr.report import certificate_page
from mindocr.utils import files

logger = logging.getLogger(__name__)

TOLERANCE = 1e-5  # of the same layers in two programs; fused layers may differ by fused_form.TOLERANCE
ONNX_TOLERANCE = 5e-4  # of other programs, whose sums are in another order
# Of the mean: a sum that differs in its last bit may be rounded to the next of 256 steps, and the layers behind amplify
# that; the largest difference of a rounded network from itself, with an image changed by 1e-6, is about 1
QUANTIZED_TOLERANCE = 0.01
FORMATS = {"MINDIR": "mindir", "ONNX": "onnx", "AIR": "air", "SAFETENSORS": "safetensors"}


@dataclass(frozen=True)
class Exported:
    """A written file.

    Attributes:
        path: the file.
        max_difference: largest difference between its outputs and the network's over the compared inputs.
        certificate: of the comparison; None for a format that nothing here can run.
    """

    path: Path
    max_difference: float
    certificate: Certificate | None = None


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
    model_name_or_config: str | None,
    shape: tuple[int, int] | None,
    folder: str | Path,
    *,
    ckpt: str | None = None,
    dynamic: bool = False,
    file_format: str = "MINDIR",
    task: str | None = None,
    verify_images: str | Path | None = None,
    verify_data: str | Path | None = None,
    verify_data_dir: str | Path | None = None,
) -> Exported:
    """Export a named model, the model of a YAML file, or that of a checkpoint to ``folder/<name>.<ending>``.

    Layers that have branches in training are written as one convolution each. Beside the file, ``<file>.json`` says
    what it is and how it was compared with the network, ``<file>.html`` shows the comparison, and ``<file>.npz`` holds
    what ``mindocr verify`` needs to repeat it.

    Args:
        model_name_or_config: named model or YAML file; None takes the settings stored in the checkpoint.
        shape: (h, w) in pixels; None = 736 x 1280, or the size of the text lines that the network takes.
        ckpt: its weights; None takes the released ones of a named model, or ``eval.ckpt_load_path`` of a file.
        dynamic: accept any batch and size; ONNX files and weights always do.
        file_format: a key of ``FORMATS``.
        task: checked against that of the model.
        verify_images: folder, file or pattern of images to compare on, instead of generated ones.
        verify_data: label file; the scores of checkpoint and file on its images are compared, too.
        verify_data_dir: folder of its images; None = the folder of the label file.

    Raises:
        UserError: an argument cannot be used, or the file does not compute what the network does.
    """
    labelled = _labelled(verify_data, verify_data_dir)
    process.start_logging()
    folder = process.prepare_output(folder, key="--save_dir")
    process.start(System())
    dynamic = dynamic or file_format in ("ONNX", "SAFETENSORS")
    if file_format == "ONNX":
        onnx.require_onnx()
    source = find_source(model_name_or_config, ckpt, dynamic=dynamic)
    if task not in (None, source.task):
        raise UserError(f"--model_type {task}: this model has the task '{source.task}'; leave the option out")
    size = shape or source.default_shape
    check_shape(size, build_model(source.model, pretrained=False).stride)  # before weights are downloaded
    network = build_model(source.model, ckpt=source.weights, pretrained=source.weights is None)
    network = network.inference_network().set_train(False)
    path = folder / f"{source.name}.{FORMATS[file_format]}"
    metadata = {**source.metadata, OUTPUTS: network.inference_outputs}
    with files.replacing(path, suffix=path.suffix, old="report") as partial:
        tolerance = _write(network, source, partial, _declared(size, source.line_height, dynamic), metadata)
        if file_format == "AIR":
            logger.warning("exported %s; nothing on this machine runs AIR files, so it was not compared", path)
            return _finished(partial, path)
        certificate = _certify(network, source, partial, path, size, tolerance, verify_images, labelled)
    logger.info("exported %s, input %s; reloaded, %s difference from the network %.3g on %d images", path,
                _input_text(size, source.line_height, dynamic), "mean" if certificate.rounded else "largest",
                certificate.difference, len(certificate.images))  # fmt: skip
    return Exported(path, certificate.difference, certificate)


def _labelled(label_file: str | Path | None, folder: str | Path | None) -> LabelledImages | None:
    if label_file is None:
        if folder is not None:
            raise UserError("--verify_data_dir: the folder of the images of --verify_data, which is missing")
        return None
    return LabelledImages(Path(label_file), None if folder is None else Path(folder))


def _finished(partial: Path, path: Path) -> Exported:
    """The result of a format that cannot be compared; the file must exist."""
    if not partial.is_file():
        raise UserError(f"MindSpore wrote no file '{path}'")
    return Exported(path, 0.0)


def _write(
    network: Network, source: ExportSource, path: Path, declared: ms.Tensor, metadata: Mapping[str, Any]
) -> float:
    """Write one format; returns the largest difference that it may have."""
    if is_quantized(network):
        return _write_quantized(network, source, path, declared, metadata)
    fused = None if path.suffix == ".safetensors" else fused_form.fused_network(source.section, network)
    written = network if fused is None else fused.set_train(False)
    same = TOLERANCE if fused is None else fused_form.TOLERANCE
    writers: dict[str, Callable[[], None]] = {
        ".mindir": lambda: mindir.write(written, declared, path, metadata),
        ".onnx": lambda: onnx.write(written, declared, path, metadata, network.inference_outputs),
        ".air": lambda: _write_air(written, declared, path),
        ".safetensors": lambda: checkpoint_file.write(
            written, path, {SETTINGS_ENTRY: {**metadata, MODEL_KEY: fused_form.used_section(source.section)}}
        ),
    }
    writers[path.suffix]()
    if path.suffix == ".mindir":
        mindir.seal(path)
    return ONNX_TOLERANCE if path.suffix == ".onnx" else same


def _write_quantized(
    network: Network, source: ExportSource, path: Path, declared: ms.Tensor, metadata: Mapping[str, Any]
) -> float:
    """Write a network that was trained for int8; returns the largest difference that the file may have.

    ONNX has int8 weights, and pairs of QuantizeLinear and DequantizeLinear at the inputs of convolutions. MindIR holds
    the network with its rounding, in float32.
    """
    if path.suffix == ".safetensors":
        checkpoint_file.write(
            network, path, {SETTINGS_ENTRY: {**metadata, MODEL_KEY: fused_form.used_section(source.section)}}
        )
        return TOLERANCE
    if path.suffix != ".onnx":
        mindir.write(network, declared, path, metadata)
        mindir.seal(path)
        return TOLERANCE
    arrays, ranges = rounded_weights(network)
    section = {**fused_form.used_section(source.section), "quantization": None}
    plain = build_model(section, pretrained=False)
    assert isinstance(plain, Network)  # of one section
    given_arrays(plain, arrays)
    plain.set_train(False)
    written = (fused_form.fused_network(section, plain) or plain).set_train(False)
    _check_weights(plain, written, source, declared, path, metadata, ranges)
    onnx.write(written, declared, path, metadata, network.inference_outputs, ranges)
    return QUANTIZED_TOLERANCE


def _check_weights(
    plain: Network,
    written: Network,
    source: ExportSource,
    declared: ms.Tensor,
    path: Path,
    metadata: Mapping[str, Any],
    ranges: Mapping[str, Ranges],
) -> None:
    """Compare a file with the int8 weights, and inputs that are not rounded, with the network of these weights.

    Rounded inputs amplify the last bit, so only without them a wrong weight can be told from rounding.
    """
    outputs = plain.inference_outputs
    with tempfile.TemporaryDirectory(prefix="mindocr-export-") as folder:
        twin = Path(folder) / "weights.onnx"
        onnx.write(written, declared, twin, metadata, outputs, dict.fromkeys(ranges))
        sample = _sample(source.default_shape if source.line_height else (2 * plain.stride, 3 * plain.stride))
        found = open_runner(twin)([sample[0]])
        expected = dict(zip(outputs, _arrays(plain(ms.Tensor(sample)))))
        differences = compare({name: value[0] for name, value in expected.items()}, {n: v[0] for n, v in found.items()})
    if not max(differences.values()) <= ONNX_TOLERANCE:
        raise UserError(
            f"the int8 weights do not compute what the network does: largest difference "
            f"{max(differences.values()):.3g}, allowed {ONNX_TOLERANCE:g}; nothing was written to '{path}'"
        )


def _write_air(network: nn.Cell, declared: ms.Tensor, path: Path) -> None:
    try:
        ms.export(network, declared, file_name=str(path), file_format="AIR")
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(
            "--file_format AIR: MindSpore writes AIR files only on a machine with an Ascend device, and this one has "
            f"none that works ({str(error).strip().splitlines()[0].rstrip('.')}); export MINDIR here"
        ) from None


def _certify(
    network: Network,
    source: ExportSource,
    partial: Path,
    path: Path,
    size: tuple[int, int],
    tolerance: float,
    images: str | Path | None,
    data: LabelledImages | None,
) -> Certificate:
    """Compare the file with the network, and write what stands beside it.

    Raises:
        UserError: they do not agree; the message is a table.
    """
    from mindocr.registry import METRICS

    file = open_runner(partial)
    metric = METRICS.build(metric_of(source)) if data is not None else None
    free = -1 in file.input_size
    runner = NetworkRunner(network, metadata=file.metadata, static_shapes=0 if free else 1)
    shapes = [size, (size[0] + (0 if source.line_height else network.stride), size[1] + 2 * network.stride)]
    rounded = path.suffix == ".onnx" and is_quantized(network)
    certificate, arrays = certify.certify(
        runner, file, tolerance, shapes if free else shapes[:1], images, data, metric, rounded
    )
    if not certificate.holds():
        raise UserError(
            f"the exported file does not compute what the network does; nothing was written to '{path}'\n"
            f"{table(certificate)}"
        )
    about = stated.completed(file.metadata, file.input_size)
    description = certify.describe(partial, path.name, path.suffix[1:], about, certificate)
    described, stored, page = beside(path)
    files.write_text(described, json.dumps(description, ensure_ascii=False, indent=1) + "\n")
    with files.replacing(stored, suffix=".npz") as part:
        np.savez_compressed(part, **arrays)
    files.write_text(page, certificate_page.render_page(description, arrays))
    logger.info("%s", table(certificate))
    return certificate


def _declared(size: tuple[int, int], line_height: int | None, dynamic: bool) -> ms.Tensor:
    """The input that the file takes. The height of text lines is fixed, as networks reduce it to one row."""
    if not dynamic:
        return ms.Tensor(_sample(size))
    return ms.Tensor(shape=[None, 3, line_height, None], dtype=ms.float32)


def _input_text(size: tuple[int, int], line_height: int | None, dynamic: bool) -> str:
    if not dynamic:
        return f"(1, 3, {size[0]}, {size[1]})"
    return f"(N, 3, {line_height or 'H'}, W)"


def _arrays(outputs: Any) -> list[np.ndarray]:
    return [output.asnumpy() for output in as_tuple(outputs)]


def _sample(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, 3, *size)).astype(np.float32)
