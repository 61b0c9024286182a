"""Documents made from the schema: docs/config_reference.md for people, a JSON schema for editors."""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydantic

from mindocr.config.merge import DROP
from mindocr.config.parts import ANY, OPEN_PARTS
from mindocr.config.schema import Config
from mindocr.config.wording import describe, field_paths, named_sections_of, section_of
from mindocr.metrics.protocols import PROTOCOLS
from mindocr.registry import GUIDES, LOGGERS, TRANSFORMS, Registry

_HEADER = """# Configuration reference

Generated from the code by `mindocr check-config --reference docs/config_reference.md`; do not edit.

A configuration is a YAML file. `base:` names one base file or a list of base files, relative to it. The file is merged
into its base files:

- mappings merge; scalars and lists replace;
- a new `name` (of a part), `type` (of a data set), `opt` or `scheduler` drops the arguments of the old one. Keys that
  every choice has stay: `lr`, `min_lr`, `num_epochs`, `warmup_epochs`; `weight_decay`, `filter_bias_and_bn`;
  `transform_pipeline`, `output_columns`;
- a mapping for a `transform_pipeline` patches the ops that it names: `RandomScale: {scale_range: [0.5, 2.0]}` changes
  one argument, `RandomRotate: drop` removes the op, an op without a value stays as it is.

`-o a.b.c=value ...` follows the same rules. The value is YAML and may contain `=`; `1e-4` is a number. List items are
addressed by position (`data_dir[1]`), ops of a pipeline by position or name:
`train.dataset.transform_pipeline[6].RandomCropWithBBox.p=1`, `train.dataset.transform_pipeline.RandomCropWithBBox.p=1`,
`train.dataset.transform_pipeline.RandomRotate=drop`. An override that makes a choice (`model.neck.name=...`) is applied
before the others of its section, wherever it is written; otherwise a later override wins.

`mindocr check-config FILE ...` checks without building and reports all problems at once.
"""


_TABLE_HEAD = ("| key | value | default | meaning |", "|---|---|---|---|")


def reference() -> str:
    """The text of docs/config_reference.md."""
    lines = [_HEADER, "## Fixed sections", ""]
    for path, field in field_paths():
        section = section_of(field.annotation) or named_sections_of(field.annotation)
        if section is not None:
            path = path if section_of(field.annotation) else f"{path}.<name>"
            fields = [(key, f) for key, f in section.model_fields.items() if section_of(f.annotation) is None]
            lines += ["", f"### {path}", "", section.__doc__ or "", "", *_TABLE_HEAD]
            lines += [_row(key, inner) for key, inner in fields]
    lines += ["", "## Open parts", "", "The choice is a registered name; its arguments are those of the constructor."]
    for registry, places in _registries().items():
        at = ", ".join(f"`{place.replace(ANY, '<name>')}`" for place in places)
        lines += ["", f"### {registry.kind}", "", f"At {at}.", ""]
        for name in registry.names():
            cls = registry.get(name)
            lines.append(f"- **{name}**: {_first_line(cls)}")
            lines += [f"  - `{key}`: {words}" for key, words in _arguments(cls, registry)]
    return "\n".join(lines) + "\n"


def json_schema() -> dict[str, Any]:
    """A JSON schema for editors: the keys, their types and meanings, and the arguments of every registered part.

    No key is required in it, because a derived file sets only what differs from its base files.
    """
    schema = Config.model_json_schema()
    for part in OPEN_PARTS:
        schema["$defs"][_definition_name(part.registry)] = _part_schema(part.registry, part.selector)
        *above, key = part.path.split(".")
        section = schema
        for name in above:
            if name != ANY:  # ANY is any key of the section before it, so it has no schema
                section = schema["$defs"][_reference(section["properties"][name])]
        described = section["properties"][key].get("description", "")
        section["properties"][key] = {"$ref": f"#/$defs/{_definition_name(part.registry)}", "description": described}
    schema["$defs"]["Train"]["properties"]["loggers"]["items"] = _logger_schema()
    names = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    schema["properties"]["base"] = {"anyOf": names, "description": "base files, into which this one is merged"}
    _remove_required(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def write_documents(schema_path: str | None = None, reference_path: str | None = None) -> None:
    """Write the JSON schema and the reference to the given paths; None skips one."""
    if schema_path:
        Path(schema_path).write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
    if reference_path:
        Path(reference_path).write_text(reference(), encoding="utf-8")


def _row(key: str, field: Any) -> str:
    value = describe(field.annotation).replace("|", "\\|")
    default = "required" if field.is_required() else _plain(field.default)
    return f"| `{key}` | {value} | {default} | {field.description} |"


def _plain(value: Any) -> str:
    return "" if value is None else f"`{value if isinstance(value, bool | str) else json.dumps(value)}`"


def _registries() -> dict[Registry, list[str]]:
    places: dict[Registry, list[str]] = {}
    for part in OPEN_PARTS:
        places.setdefault(part.registry, []).append(part.path)
    places[GUIDES] = ["model.head.guide"]
    places[TRANSFORMS] = ["transform_pipeline"]
    places[LOGGERS] = ["train.loggers"]
    places[PROTOCOLS] = ["metric.protocol"]
    return places


def _first_line(cls: type) -> str:
    paragraph = (inspect.getdoc(cls) or "").split("\n\n")[0]
    return " ".join(paragraph.split())


def _arguments(cls: type, registry: Registry) -> Iterator[tuple[str, str]]:
    for key, (annotation, default) in _signature(cls, registry).items():
        shown = "required" if default is inspect.Parameter.empty else f"default `{default!r}`"
        yield key, f"{annotation_text(annotation)}, {shown}"


def annotation_text(annotation: Any) -> str:
    """A type as it is written in code: ``float``, ``list[int] | None``; the same in every version of Python."""
    return f"`{_type_name(annotation)}`"


def _type_name(annotation: Any) -> str:
    if annotation is types.NoneType:
        return "None"
    if annotation is ...:
        return "..."
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(repr, arguments))}]"
    names = [_type_name(argument) for argument in arguments]
    # Python 3.10 turns `X | None = None` into Optional[X], and versions differ in how they print the two
    if origin in (typing.Union, types.UnionType):
        return " | ".join(names)
    if origin is not None:
        return f"{origin.__name__}[{', '.join(names)}]"
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).removeprefix("typing.")


def _signature(cls: type, registry: Registry) -> dict[str, tuple[Any, Any]]:
    """Annotation and default of every argument that a YAML file may set."""
    constructor: Any = cls.__init__  # type: ignore[misc]
    if constructor is object.__init__:
        return {}
    hints = typing.get_type_hints(constructor)
    return {
        key: (hints.get(key, Any), parameter.default)
        for key, parameter in inspect.signature(constructor).parameters.items()
        if key != "self" and key not in registry.provided
    }


def _definition_name(registry: Registry) -> str:
    return f"part_{registry.kind}"


def _reference(schema: dict[str, Any]) -> str:
    """Name of the definition that a property points to, directly, as one of its alternatives, or as its values."""
    candidates = [schema, *schema.get("anyOf", [])]
    candidates += [c["additionalProperties"] for c in candidates if isinstance(c.get("additionalProperties"), dict)]
    return str(next(c["$ref"] for c in candidates if "$ref" in c)).rpartition("/")[2]


def _part_schema(registry: Registry, selector: str) -> dict[str, Any]:
    choices: list[dict[str, Any]] = [{"type": "null"}]
    for name in registry.names():
        properties = {selector: {"const": name}, **_argument_schemas(registry.get(name), registry)}
        if "transform_pipeline" in properties:
            properties["transform_pipeline"] = _pipeline_schema()
        choices.append({
            "type": "object",
            "description": _first_line(registry.get(name)),
            "properties": properties,
            "additionalProperties": False,
        })  # fmt: skip
    return {"anyOf": choices}


def _pipeline_schema() -> dict[str, Any]:
    arguments = {
        name: {
            "type": ["object", "null"],
            "description": _first_line(TRANSFORMS.get(name)),
            "properties": _argument_schemas(TRANSFORMS.get(name), TRANSFORMS),
            "additionalProperties": False,
        }
        for name in TRANSFORMS.names()
    }
    op = {"type": "object", "properties": arguments, "additionalProperties": False, "maxProperties": 1}
    patch = {name: {"anyOf": [schema, {"const": DROP}]} for name, schema in arguments.items()}
    return {
        "anyOf": [
            {"type": "array", "items": {"anyOf": [op, {"enum": list(arguments)}]}},
            {"type": "object", "properties": patch, "additionalProperties": False},
        ]
    }


def _logger_schema() -> dict[str, Any]:
    """An entry of ``train.loggers``: a name, or a mapping; a logger written by the user takes any arguments."""
    own = {"type": "string", "pattern": ":"}
    mappings = [choice for choice in _part_schema(LOGGERS, "name")["anyOf"] if choice["type"] != "null"]
    return {"anyOf": [{"enum": LOGGERS.names()}, own, *mappings, {"type": "object", "properties": {"name": own}}]}


def _argument_schemas(cls: type, registry: Registry) -> dict[str, Any]:
    schemas = {}
    for key, (annotation, _) in _signature(cls, registry).items():
        try:
            schemas[key] = pydantic.TypeAdapter(annotation).json_schema()
        except pydantic.errors.PydanticUserError:
            schemas[key] = {}
    return schemas


def _remove_required(schema: Any) -> None:
    if isinstance(schema, dict):
        if isinstance(schema.get("required"), list):
            del schema["required"]
        for value in schema.values():
            _remove_required(value)
    elif isinstance(schema, list):
        for value in schema:
            _remove_required(value)
