"""Networks in Paddle's inference format: the program is translated into ONNX's terms, then converted as those are."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import yaml

from mindocr.errors import CheckpointError
from mindocr.models.converters import onnx, wire
from mindocr.models.converters.onnx_file import Node, OnnxFile
from mindocr.models.converters.paddle_lstm import RECURRENT, lists_of, lstm_nodes
from mindocr.models.converters.paddle_params import read_arrays
from mindocr.models.converters.paddle_program import Operation, Program, parse_json, parse_protobuf

convert = onnx.convert

# Program -> parameters, as PaddleOCR has named them over the years
_PAIRS = {
    "inference.json": "inference.pdiparams",
    "inference.pdmodel": "inference.pdiparams",
    "model.pdmodel": "model.pdiparams",
    "model": "params",
    "__model__": "__params__",
}
_PROGRAMS = (".json", ".pdmodel")
_PARAMETERS = ".pdiparams"
_SETTINGS = "inference.yml"  # beside the program since PaddleOCR 3; it holds the dictionary of a recogniser
_LARGEST_TEXT = 1 << 26  # bytes of a program or of its settings
_DAMAGE = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, MemoryError, RecursionError,
    struct.error,
)  # fmt: skip
_T = TypeVar("_T")


class _Form(NamedTuple):
    """How ONNX writes an operation of Paddle.

    Attributes:
        op: ONNX's name.
        names: inputs in ONNX's order, as ``.pdmodel`` names them; one that is left out is skipped.
        places: the same inputs by position in ``.json``.
    """

    op: str
    names: tuple[str, ...]
    places: tuple[int, ...]


_CONV = _Form("Conv", ("Input", "Filter", "Bias"), (0, 1))
_DECONV = _Form("ConvTranspose", ("Input", "Filter", "Bias"), (0, 1))
_NORM = _Form("BatchNormalization", ("X", "Scale", "Bias", "Mean", "Variance"), (0, 3, 4, 1, 2))
_MATMUL = _Form("MatMul", ("X", "Y"), (0, 1))
_ADD = _Form("Add", ("X", "Y"), (0, 1))
_MUL = _Form("Mul", ("X", "Y"), (0, 1))
_LAYER_NORM = _Form("LayerNorm", ("X", "Scale", "Bias"), (0, 1, 2))
_FORMS = {
    "conv2d": _CONV, "depthwise_conv2d": _CONV, "conv2d_transpose": _DECONV, "depthwise_conv2d_transpose": _DECONV,
    "batch_norm": _NORM, "sync_batch_norm": _NORM, "matmul": _MATMUL, "matmul_v2": _MATMUL, "mul": _MATMUL,
    "elementwise_add": _ADD, "add": _ADD, "elementwise_mul": _MUL, "multiply": _MUL, "layer_norm": _LAYER_NORM,
    **{name: _Form("Reshape", ("X",), (0,)) for name in ("reshape", "reshape2")},
    **{name: _Form("Unsqueeze", ("X",), (0,)) for name in ("unsqueeze", "unsqueeze2")},
    **{name: _Form("Squeeze", ("X",), (0,)) for name in ("squeeze", "squeeze2")},
    **{name: _Form("Identity", ("X",), (0,)) for name in ("assign", "share_data")},
    "cast": _Form("Cast", ("X",), (0,)),
}  # fmt: skip
_ATTRIBUTES = {"groups": "group", "epsilon": "epsilon"}  # Paddle's name -> ONNX's; the others are not needed


def read(path: str | Path) -> OnnxFile:
    """Read a network in Paddle's inference format.

    Args:
        path: the folder, the program (``.pdmodel`` or ``.json``) or the file of parameters (``.pdiparams``).

    Returns:
        Its operations under ONNX's names, its parameters, and the dictionary that ``inference.yml`` beside it holds.

    Raises:
        CheckpointError: a file is missing, of another kind, damaged or cut short, or the two do not belong together; or
            the network has recurrent layers other than LSTMs.
    """
    program_path, params_path = _find(Path(path).expanduser())
    content = _bytes(program_path, _LARGEST_TEXT)
    parse = parse_json if content.lstrip()[:1] == b"{" else parse_protobuf
    program = _guarded(program_path, "a program of Paddle", lambda: parse(content))
    if not program.parameters:
        raise CheckpointError(f"{program_path}: the program has no parameters; is it the one for {params_path.name}?")
    params = memoryview(_bytes(params_path, wire.LARGEST))
    arrays = _guarded(params_path, "Paddle's parameters", lambda: read_arrays(params, program.parameters))
    return _as_onnx(program, arrays, _metadata(program_path.with_name(_SETTINGS)))


def _find(path: Path) -> tuple[Path, Path]:
    """The program and the file of its parameters."""
    if path.is_dir():
        program = next((path / name for name in _PAIRS if (path / name).is_file()), None)
        if program is None:
            raise CheckpointError(
                f"{path}: no program of Paddle in this folder; expected {', '.join(_PAIRS)}, or the path of the file"
            )
    elif path.suffix == _PARAMETERS:
        candidates = [path.with_suffix(end) for end in _PROGRAMS]
        program = next((each for each in candidates if each.is_file()), candidates[0])
    else:
        program = path
    params = program.with_name(_PAIRS.get(program.name, f"{program.stem}{_PARAMETERS}"))
    return program, params


def _bytes(path: Path, most: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > most:
            raise CheckpointError(f"{path}: {size} bytes; such a file has at most {most}")
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error})") from error


def _guarded(path: Path, what: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise CheckpointError(f"{path}: not {what}, or damaged or cut short ({reason})") from error


def _as_onnx(program: Program, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> OnnxFile:
    lists = lists_of(program.operations)
    nodes: list[Node] = []
    for operation in program.operations:
        nodes += lstm_nodes(operation, lists) if operation.type == RECURRENT else _nodes(operation)
    return OnnxFile(tuple(nodes), arrays, program.inputs, program.outputs, 0, "paddle", metadata)


def _nodes(operation: Operation) -> list[Node]:
    """An operation as ONNX writes it; one that ONNX has under another name and that holds no weights stays as it is."""
    form = _FORMS.get(operation.type)
    if form is None:
        taken = tuple(name for names in operation.inputs.values() for name in names)
        return [Node(operation.type, taken, operation.outputs)]
    inputs = _ordered(operation, form)
    outputs = operation.outputs[:1]
    attributes = {ours: operation.attributes[key] for key, ours in _ATTRIBUTES.items() if key in operation.attributes}
    if form is _LAYER_NORM:
        # ONNX computes it in several operations, of which the last two are the multiplication and the addition.
        scaled = tuple(f"{name}/scaled" for name in outputs)
        return [Node("Mul", inputs[:2], scaled), Node("Add", (*scaled, *inputs[2:]), outputs)]
    if form is _MATMUL and any(operation.attributes.get(key) for key in ("trans_y", "transpose_y", "transpose_Y")):
        return [Node("Gemm", inputs, outputs, {"transB": 1})]
    return [Node(form.op, inputs, outputs, attributes)]


def _ordered(operation: Operation, form: _Form) -> tuple[str, ...]:
    """The inputs of an operation in ONNX's order."""
    keys = [str(place) for place in form.places] if "0" in operation.inputs else form.names
    return tuple(operation.inputs[key][0] for key in keys if operation.inputs.get(key))


def _metadata(path: Path) -> dict[str, str]:
    """The character dictionary of the settings beside a program, under the key of an ONNX file; empty without one."""
    if not path.is_file():
        return {}
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # every value is a text, so that 'no' and '1' stay texts
    try:
        content: Any = yaml.load(_bytes(path, _LARGEST_TEXT), loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{path}: no YAML ({reason}); repair the file or move it away") from error
    section = content.get("PostProcess") if isinstance(content, dict) else None
    characters = section.get("character_dict") if isinstance(section, dict) else None
    if not isinstance(characters, list) or not all(isinstance(each, str) for each in characters):
        return {}
    return {"character": "\n".join(characters)}
