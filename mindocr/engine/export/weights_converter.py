"""Converts weights of other projects to checkpoints of this one, and checks that they fit their network."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mindspore as ms
import yaml
from mindspore import nn

from mindocr.config import load_config
from mindocr.engine.export import checkpoint_file
from mindocr.errors import CheckpointError, UserError
from mindocr.formats.dictionary import read_dictionary
from mindocr.models.builder import build_model
from mindocr.models.ckpt_entries import MODEL_KEY, SETTINGS_ENTRY
from mindocr.models.converters.onnx_family import CHARACTERS, DICTIONARY
from mindocr.models.converters.onnx_file import OnnxFile
from mindocr.models.converters.rename import Conversion
from mindocr.models.weights import load_weights
from mindocr.models.zoo import get_model
from mindocr.registry import BACKBONES, HEADS, NECKS

_GRAPHS = ("onnx", "paddle-inference")  # sources that hold a network, and possibly its dictionary
# Source -> module of mindocr.models.converters with the functions read(path) and convert(what read returned)
SOURCES = {
    "torch-db": "torch_db", "torchvision": "torchvision", "mmocr": "mmocr", "paddle": "paddle", "onnx": "onnx",
    "paddle-inference": "paddle_inference",
    "model-zoo": "model_zoo",
}  # fmt: skip
_PARTS = {"backbone": BACKBONES, "neck": NECKS, "head": HEADS}
_LISTED = 5


@dataclass(frozen=True)
class Converted:
    """A written checkpoint and how it was converted.

    Attributes:
        path: the file.
        conversion: names, what was left over, and the section of a network that computes the same.
        differences: settings with which the chosen model computes something other than the source.
    """

    path: Path
    conversion: Conversion
    differences: tuple[str, ...] = ()

    def summary(self) -> str:
        """The result in a few lines, with the ``model`` section as YAML."""
        conversion = self.conversion
        lines = [f"{self.path}: {len(conversion.mapped)} entries mapped, {len(conversion.left_over)} left over"]
        lines += [f"  left over, {reason}: {_list(names)}" for reason, names in _by_reason(conversion.left_over)]
        lines += [f"  not in the file, initialised: {start}*: {why}" for start, why in conversion.absent.items()]
        lines += [f"  {note}" for note in (*conversion.notes, *self.differences)]
        if conversion.settings:
            lines.append("  the checkpoint holds its network, the preparation of images and the post-processing")
        if conversion.recipe:
            lines.append(f"  to train it further: mindocr train -c {conversion.recipe} -o model.pretrained={self.path}")
        section = yaml.safe_dump({"model": conversion.spec}, sort_keys=False, default_flow_style=None, width=200)
        return "\n".join([*lines, "This section builds a network that computes what the source computed:", section])


def convert_file(
    source: str,
    path: str | Path,
    output: str | Path,
    model: str | None = None,
    dictionary: str | Path | None = None,
) -> Converted:
    """Convert a file of weights and write a checkpoint that loads strictly.

    Args:
        source: key of SOURCES.
        path: the file of the other project.
        output: checkpoint to write, ``.ckpt`` or ``.safetensors``.
        model: a named model or a YAML file that the weights must fit; None takes the model that the weights suggest.
            A source that has a backbone alone must fit the model's backbone.
        dictionary: of a network in ONNX's or Paddle's format: the file of its character dictionary, one character a
            line. None takes the one in the ONNX file or in ``inference.yml``, else ``ppocr_keys_v1.txt`` in the same
            folder.

    Raises:
        DataError: the dictionary cannot be used.
        UserError: the file cannot be read or is of another kind, the weights do not fit the model (the message lists
            what is missing and what is extra), or the output cannot be written.
    """
    output = checkpoint_file.checked_output(output)
    if dictionary is not None and source not in _GRAPHS:
        raise UserError(f"--dictionary: only with --from {' or '.join(_GRAPHS)}, got --from {source}; leave it out")
    chosen = _section(model) if model else None
    module = importlib.import_module(f"mindocr.models.converters.{SOURCES[source]}")
    try:
        content = module.read(path)
        if source in _GRAPHS:
            content = _with_dictionary(content, Path(path), dictionary)
        conversion: Conversion = module.convert(content)
        settings = {**conversion.settings, MODEL_KEY: conversion.spec, "converted_from": Path(path).name}
        extra = {SETTINGS_ENTRY: settings} if conversion.settings else {}
        network = _build(chosen or conversion.spec, alone="head" not in conversion.spec)
        tensors = {name: ms.Tensor(value) for name, value in conversion.weights.items()}
        load_weights(network, tensors, allow_missing=tuple(conversion.absent))
    except CheckpointError as error:
        message = str(error)
        raise CheckpointError(message if message.startswith(str(path)) else f"{path}: {message}") from error
    checkpoint_file.write(network, output, extra)
    return Converted(output, conversion, tuple(_differences(conversion.spec, chosen)) if chosen else ())


def _with_dictionary(file: OnnxFile, path: Path, dictionary: str | Path | None) -> OnnxFile:
    """The file with a dictionary from another file, if one is given, or if it holds none and one is beside it."""
    path = path.expanduser()
    beside = path / DICTIONARY if path.is_dir() else path.with_name(DICTIONARY)
    if dictionary is None and CHARACTERS not in file.metadata and beside.is_file():
        dictionary = beside
    if dictionary is None:
        return file
    characters = "\n".join(read_dictionary(dictionary))
    return replace(file, metadata={**file.metadata, CHARACTERS: characters})


def _section(model: str) -> Mapping[str, Any]:
    if Path(model).suffix in (".yaml", ".yml"):
        return load_config(model, command="convert-weights").model.model_dump()
    return get_model(model).spec


def _build(section: Mapping[str, Any], alone: bool) -> nn.Cell:
    return BACKBONES.build(section["backbone"]) if alone else build_model(section, pretrained=False)


def _differences(source: Mapping[str, Any], chosen: Mapping[str, Any]) -> list[str]:
    """Settings that the weights do not show, and with which the chosen model computes something else."""
    found = []
    for part, registry in _PARTS.items():
        if part not in source:
            continue
        theirs, ours = source[part], chosen[part]
        defaults = inspect.signature(registry.get(ours["name"])).parameters
        for key, value in theirs.items():
            if key == "name" or key not in defaults:
                continue
            setting = ours.get(key, defaults[key].default)
            if setting != value:
                found.append(
                    f"model.{part}.{key}: the source computes with {value!r}, this model has {setting!r}; its results "
                    "will differ until you set it"
                )
    return found


def _by_reason(left_over: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    grouped: dict[str, list[str]] = {}
    for name, reason in left_over.items():
        grouped.setdefault(reason, []).append(name)
    return list(grouped.items())


def _list(names: Sequence[str]) -> str:
    more = f", and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
