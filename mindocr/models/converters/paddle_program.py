"""Paddle's inference programs: operations and parameters, from ``.pdmodel`` (protobuf) or from ``.json`` (PIR).

Nothing of the file is executed or imported, and Paddle is not needed. The numbers of the protobuf fields are those of
Paddle's ``framework.proto``; the keys of the JSON form are those of its PIR serialisation: "#" the name of an
operation, "I" and "O" its inputs and outputs, "A" its attributes, "%" the number of a value, "TT" its type, "D" data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mindocr.models.converters import wire

_TENSOR = 7  # VarType of a parameter; the others are inputs, outputs and states of the runtime
_OUTPUTS = ("Out", "Output", "Y")  # names of the output that carries the result
_PARAMETER = "p"  # operation of a PIR program that stands for a parameter
_BUILTIN, _OPERATOR = "0.", "1."  # dialects of PIR in names of operations


@dataclass(frozen=True)
class Operation:
    """One operation of a program.

    Attributes:
        type: such as ``conv2d``, without the ``_`` of operations that work in place.
        inputs: name of the argument, or its position as text -> names of values.
        outputs: names of values; the result comes first.
        attributes: name -> number, text or list.
    """

    type: str
    inputs: Mapping[str, tuple[str, ...]]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """A network without the values of its parameters.

    Attributes:
        operations: in the order of the file, in which every operation comes after those that compute its inputs.
        parameters: name -> shape; -1 where the program leaves a size open.
        inputs, outputs: names of the values that go in and come out.
    """

    operations: tuple[Operation, ...]
    parameters: Mapping[str, tuple[int, ...]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def parse_protobuf(data: bytes) -> Program:
    """A program of ``.pdmodel``.

    Raises:
        ValueError: damaged, or without operations.
    """
    blocks = [wire.message(value) for number, _, value in wire.fields(memoryview(data)) if number == 1]
    if not blocks:
        raise ValueError("it holds no block of operations")
    operations: list[Operation] = []
    parameters: dict[str, tuple[int, ...]] = {}
    for number, _, value in wire.fields(blocks[0]):
        if number == 3:
            parameters.update(_variable(wire.message(value)))
        elif number == 4:
            operations.append(_operation(wire.message(value)))
    feeds = tuple(name for each in operations if each.type == "feed" for name in each.outputs)
    fetched = tuple(name for each in operations if each.type == "fetch" for name in each.inputs.get("X", ()))
    kept = tuple(each for each in operations if each.type not in ("feed", "fetch"))
    return _checked(Program(kept, parameters, feeds, fetched))


def _variable(data: memoryview) -> dict[str, tuple[int, ...]]:
    """Name and shape of a parameter; empty for another variable."""
    name, kind, persistable = "", -1, False
    shape: tuple[int, ...] = ()
    for number, _, value in wire.fields(data):
        if number == 1:
            name = wire.text(value)
        elif number == 2:
            kind, shape = _variable_type(wire.message(value))
        elif number == 3:
            persistable = wire.number(value) != 0
    return {name: shape} if persistable and kind == _TENSOR else {}


def _variable_type(data: memoryview) -> tuple[int, tuple[int, ...]]:
    kind = -1
    dims: tuple[int, ...] = ()
    for number, _, value in wire.fields(data):
        if number == 1:
            kind = wire.number(value)
        elif number == 3:
            tensor = next((content for part, _, content in wire.fields(wire.message(value)) if part == 1), b"")
            _, dims = tensor_description(wire.message(tensor))
    return kind, dims


def tensor_description(data: memoryview) -> tuple[int, tuple[int, ...]]:
    """Type of the elements and shape in a ``TensorDesc``."""
    kind = -1
    dims: list[int] = []
    for number, form, value in wire.fields(data):
        if number == 1:
            kind = wire.number(value)
        elif number == 2:
            dims += wire.packed(value, form)
    return kind, tuple(dims)


def _operation(data: memoryview) -> Operation:
    name = ""
    inputs: dict[str, tuple[str, ...]] = {}
    outputs: dict[str, tuple[str, ...]] = {}
    attributes: dict[str, Any] = {}
    for number, _, value in wire.fields(data):
        if number == 3:
            name = wire.text(value)
        elif number in (1, 2):
            texts = [(part, wire.text(content)) for part, _, content in wire.fields(wire.message(value))]
            argument = next((text for part, text in texts if part == 1), "")
            (inputs if number == 1 else outputs)[argument] = tuple(text for part, text in texts if part == 2)
        elif number == 4:
            attributes.update(_attribute(wire.message(value)))
    results = [text for key in _OUTPUTS for text in outputs.get(key, ())]
    return Operation(name, inputs, tuple(results), attributes)


def _attribute(data: memoryview) -> dict[str, Any]:
    """Name and value of an attribute that is a number, a text or a list of whole numbers; empty for the others."""
    name = ""
    found: Any = None
    numbers: list[int] = []
    for number, form, value in wire.fields(data):
        if number == 1:
            name = wire.text(value)
        elif number in (3, 10, 13):
            found = wire.number(value)
        elif number == 4:
            found = wire.single(value)
        elif number == 5:
            found = wire.text(value)
        elif number in (6, 15):
            numbers += wire.packed(value, form)
    value = numbers if numbers else found
    return {} if value is None else {name: value}


def parse_json(data: bytes) -> Program:
    """A program of ``.json``.

    Raises:
        ValueError, KeyError, TypeError: damaged, of another kind, or without operations.
    """
    content = json.loads(data)
    if not isinstance(content, dict) or (content.get("base_code") or {}).get("magic") != "pir":
        raise ValueError("it is no PIR program (base_code.magic is not 'pir')")
    operations: list[Operation] = []
    parameters: dict[str, tuple[int, ...]] = {}
    names: dict[Any, str] = {}
    inputs: list[str] = []
    outputs: list[str] = []
    for each in content["program"]["regions"][0]["blocks"][0]["ops"]:
        kind = str(each["#"])
        results = _as_list(each.get("O"))
        if kind == _PARAMETER:
            name = str(each["A"][3])
            names[results[0]["%"]] = name
            if _is_saved(each.get("OA")):
                parameters[name] = tuple(int(size) for size in results[0]["TT"]["D"][1])
            continue
        taken = [_name(value, names) for value in _as_list(each.get("I"))]
        made = tuple(_name(value, names) for value in results)
        kind = kind.removeprefix(_BUILTIN).removeprefix(_OPERATOR).removesuffix("_")
        if kind == "data":
            inputs += made
        elif kind == "fetch":
            outputs += taken
        else:
            arguments = {str(i): (name,) for i, name in enumerate(taken)}
            operations.append(Operation(kind, arguments, made, dict(_json_attributes(each.get("A")))))
    return _checked(Program(tuple(operations), parameters, tuple(inputs), tuple(outputs)))


def _as_list(value: Any) -> list[Any]:
    """A list; one value alone is written without a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _name(value: Mapping[str, Any], names: Mapping[Any, str]) -> str:
    """The name of a value: that of its parameter, or one made of its number."""
    number = value["%"]
    return names.get(number) or f"%{number}"


def _is_saved(flags: Any) -> bool:
    """Whether a parameter is in the file of parameters; the first flag states it, and no flags mean yes."""
    return not (isinstance(flags, list) and flags and flags[0] in (0, False))


def _json_attributes(attributes: Any) -> Iterator[tuple[str, Any]]:
    for each in _as_list(attributes):
        content = each["AT"].get("D")
        if isinstance(content, list):
            content = [part.get("D") if isinstance(part, dict) else part for part in content]
        yield str(each["N"]), content


def _checked(program: Program) -> Program:
    if not program.operations:
        raise ValueError("it has no operations")
    return program
