"""Turns pydantic's errors about the fixed sections into problems: a dotted path and a sentence."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

import pydantic
from pydantic.fields import FieldInfo

from mindocr.config.parts import ANY, fits
from mindocr.config.schema import Config, Section
from mindocr.registry import suggest

Problem = tuple[str, str]

_COMPARISONS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("of at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("of at most", "le"),
}
_WORDS = {int: "a whole number", float: "a number", bool: "True or False", str: "text", types.NoneType: "nothing"}


def word_problems(error: pydantic.ValidationError) -> list[Problem]:
    """One problem for each key that is wrong, in the order of the sections."""
    problems: dict[str, str] = {}
    for detail in error.errors(include_url=False):
        path, field = _place(detail["loc"])
        problems.setdefault(path, _sentence(detail, path, field))
    return list(problems.items())


def field_paths(section: type[Section] = Config, above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Dotted path and description of every key of the fixed sections, sections before their keys."""
    for name, field in section.model_fields.items():
        path = f"{above}.{name}" if above else name
        yield path, field
        inner, named = section_of(field.annotation), named_sections_of(field.annotation)
        if inner is not None:
            yield from field_paths(inner, path)
        if named is not None:
            yield from field_paths(named, f"{path}.{ANY}")


def section_of(annotation: Any) -> type[Section] | None:
    """The section class in an annotation such as ``Eval | None``; None if there is none."""
    for candidate in (annotation, *typing.get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Section):
            return candidate
    return None


def named_sections_of(annotation: Any) -> type[Section] | None:
    """The section class of the values in an annotation such as ``dict[str, Network] | None``; None if there is none."""
    for candidate in (annotation, *typing.get_args(annotation)):
        if typing.get_origin(candidate) is dict:
            return section_of(typing.get_args(candidate)[1])
    return None


def describe(annotation: Any) -> str:
    """A type in words: ``a whole number``, ``0 or 1``, ``text or nothing``."""
    if annotation in _WORDS:
        return _WORDS[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return describe(arguments[0])
    if origin is typing.Literal:
        return _alternatives([repr(choice) for choice in arguments])
    if origin in (typing.Union, types.UnionType):
        return _alternatives([describe(member) for member in arguments])
    if origin is list:
        return "a list of numbers" if arguments[0] is float else "a list"
    return "a mapping (key: value)"


def _alternatives(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _place(location: tuple[int | str, ...]) -> tuple[str, FieldInfo | None]:
    """Dotted path of an error, and its field. What pydantic adds after a field (union members) is left out."""
    section: type[Section] | None = Config
    named: type[Section] | None = None
    field: FieldInfo | None = None
    path = ""
    for key in location:
        if section is None and named is None:
            break
        path = f"{path}.{key}" if path else str(key)
        if section is None:  # the key is a name
            section, named, field = named, None, None
            continue
        field = section.model_fields.get(str(key))
        section, named = (section_of(field.annotation), named_sections_of(field.annotation)) if field else (None, None)
    return path, field


def _sentence(detail: Any, path: str, field: FieldInfo | None) -> str:
    kind, got = detail["type"], detail["input"]
    if kind == "missing":
        return "required"
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind in _COMPARISONS:
        word, limit = _COMPARISONS[kind]
        return f"expected a number {word} {detail['ctx'][limit]}, got {got!r}"
    if kind == "finite_number":
        return f"expected a finite number, got {got!r}"
    if kind == "string_too_short":
        return "expected text, got nothing"
    expected = describe(field.annotation) if field else detail["msg"]
    choices = [c for c in typing.get_args(field.annotation) if isinstance(c, str)] if field else []
    return f"expected {expected}, got {got!r}{suggest(str(got), choices)}"


def _unknown_key(path: str) -> str:
    """State that a key is unknown and suggest one: a similar key of this section, or the same key of another."""
    above, _, key = path.rpartition(".")
    known = dict(field_paths())
    siblings = [name.rpartition(".")[2] for name in known if fits(name.rpartition(".")[0], above)]
    elsewhere = [name for name in known if name.rpartition(".")[2] == key]
    hint = suggest(key, siblings)
    if not hint and elsewhere:
        hint = f" (did you mean {_alternatives([repr(name) for name in elsewhere])}?)"
    return f"unknown key '{key}'{hint or '; known: ' + ', '.join(siblings)}"
