"""Registries: a name in a YAML file becomes a class, and its constructor signature is its schema.

One registry per kind of part (the constants at the end). A registry imports the modules of its package the first time
it is asked for a name, so adding a part means adding one module: there is no list to edit, and importing this module
imports nothing else.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import pydantic

from mindocr.errors import ConfigError

T = TypeVar("T", bound=type)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the most similar known word, ignoring case, or an empty string."""
    lowered = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(word).lower(), list(lowered), n=1, cutoff=0.6)
    return f" (did you mean '{lowered[near[0]]}'?)" if near else ""


class Registry:
    """Classes of one kind, by name.

    Args:
        kind: word used in messages, such as ``neck``.
        package: dotted name of the package whose modules register themselves here.
        provided: constructor arguments that the code supplies and a YAML file must not, such as ``in_channels``.
    """

    def __init__(self, kind: str, package: str, provided: tuple[str, ...] = ()) -> None:
        self.kind = kind
        self.package = package
        self.provided = provided
        self._classes: dict[str, type] = {}
        self._loaded = False

    def register(self, cls: T | None = None, *, name: str | None = None) -> Any:
        """Class decorator, with or without arguments: ``@NECKS.register`` or ``@NECKS.register(name="FPN")``.

        Raises:
            TypeError: the constructor takes ``*args`` or ``**kwargs`` (its signature must be its schema), or another
                class has this name already.
        """
        if cls is None:
            return lambda decorated: self.register(decorated, name=name)
        key = name or cls.__name__
        for parameter in _parameters(cls).values():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                raise TypeError(f"{self.kind} {key}: the constructor takes '{parameter}'; name every argument instead")
        if key in self._classes and self._classes[key] is not cls:
            raise TypeError(f"{self.kind} '{key}' is registered twice: {self._classes[key]} and {cls}")
        self._classes[key] = cls
        return cls

    def names(self) -> list[str]:
        """Every registered name, sorted."""
        self._load()
        return sorted(self._classes)

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._classes

    def get(self, name: str) -> type:
        """The class registered as ``name``.

        Raises:
            ConfigError: no such name; the message lists the known names and the most similar one.
        """
        self._load()
        try:
            return self._classes[name]
        except (KeyError, TypeError):
            raise ConfigError(self._unknown(name)) from None

    def check(self, name: str, args: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Compare ``args`` with the signature of ``name`` without building it.

        Returns:
            Pairs (argument, problem), none if everything fits; the argument is empty if the name itself is the problem.
        """
        self._load()
        if not isinstance(name, str) or name not in self._classes:
            return [("", self._unknown(name))]
        cls = self._classes[name]
        parameters = {k: p for k, p in _parameters(cls).items() if k not in self.provided}
        hints = _hints(cls)
        problems = []
        for key, value in args.items():
            if key not in parameters:
                known = ", ".join(parameters) or "none"
                hint = suggest(key, parameters) or f"; its arguments: {known}"
                problems.append((str(key), f"{name} has no argument '{key}'{hint}"))
            elif key in hints:
                problems += [(key, text) for text in _type_problems(hints[key], value)]
        for key, parameter in parameters.items():
            if parameter.default is parameter.empty and key not in args:
                problems.append((key, f"{name} requires this argument"))
        if not problems and hasattr(cls, "check_arguments"):
            problems += cls.check_arguments(args)  # conditions that types cannot express
        return problems

    def declared(self, spec: Mapping[str, Any], attribute: str, *, key: str = "name") -> tuple[str, ...]:
        """Names that the part of ``spec`` declares as ``attribute``, such as ``reads``, without building it.

        They come from a class attribute, or from the class method ``declare``, which computes them from the arguments.
        Empty if the name is unknown or the class declares nothing.
        """
        self._load()
        cls = self._classes.get(spec.get(key, ""))
        if cls is None:
            return ()
        if hasattr(cls, "declare"):
            return tuple(cls.declare({k: v for k, v in spec.items() if k != key}).get(attribute, ()))
        return tuple(getattr(cls, attribute, ()))

    def build(self, spec: Mapping[str, Any], *, key: str = "name", **provided: Any) -> Any:
        """Build the part that ``{name: ..., **arguments}`` describes, with the arguments that the code provides.

        Arguments in ``provided`` that the constructor does not take are left out, so callers may pass all that they
        have.

        Raises:
            ConfigError: unknown name or arguments that do not fit the signature.
        """
        args = {k: v for k, v in spec.items() if k != key}
        name = spec.get(key, "")
        problems = self.check(name, args)
        if problems:
            raise ConfigError("; ".join(f"{self.kind}.{arg}: {text}" if arg else text for arg, text in problems))
        cls = self.get(name)
        accepted = _parameters(cls)
        return cls(**args, **{k: v for k, v in provided.items() if k in accepted})

    def _unknown(self, name: object) -> str:
        known = ", ".join(sorted(self._classes))
        return f"unknown {self.kind} '{name}'{suggest(str(name), self._classes)}; known: {known}"

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True  # before the imports, which may ask for names
        try:
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(getattr(package, "__path__", [])):
                importlib.import_module(f"{self.package}.{module.name}")
        except BaseException:
            self._loaded = False  # otherwise the next call would report an unknown name and hide the real cause
            raise


def _parameters(cls: type) -> dict[str, inspect.Parameter]:
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return {}
    constructor: Callable[..., None] = cls.__init__  # type: ignore[misc]
    return {k: p for k, p in inspect.signature(constructor).parameters.items() if k != "self"}


def _hints(cls: type) -> dict[str, Any]:
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return {}
    return typing.get_type_hints(cls.__init__)  # type: ignore[misc]


def _type_problems(annotation: Any, value: Any) -> list[str]:
    """Problems of ``value`` as a value of type ``annotation``; strict, but an integer is accepted as a float."""
    try:
        pydantic.TypeAdapter(annotation).validate_python(value, strict=True)
    except pydantic.ValidationError as error:
        details = error.errors()
        if len(details) > 1:  # a union: one message for all its members
            expected = getattr(annotation, "__name__", None) or str(annotation).replace("typing.", "")
            return [f"expected {expected}, got {value!r}"]
        index = "".join(f"[{p}]" for p in details[0]["loc"])
        return [f"{index + ': ' if index else ''}{details[0]['msg']}, got {value!r}"]
    except pydantic.errors.PydanticSchemaGenerationError:
        return []
    return []


BACKBONES = Registry("backbone", "mindocr.models.backbones")
NECKS = Registry("neck", "mindocr.models.necks", provided=("in_channels",))
HEADS = Registry("head", "mindocr.models.heads", provided=("in_channels", "feature_channels"))
GUIDES = Registry("guide", "mindocr.models.guides", provided=("in_channels", "out_channels"))
LOSSES = Registry("loss", "mindocr.losses")
DATASETS = Registry("dataset", "mindocr.data.datasets", provided=("is_train", "seed", "exclude"))
SAMPLERS = Registry(
    "sampler", "mindocr.data.loading",
    provided=("dataset", "batch_size", "shuffle", "drop_remainder", "seed", "rank", "world", "pad"),
)  # fmt: skip
TRANSFORMS = Registry("transform", "mindocr.data.transforms", provided=("is_train",))
POSTPROCESSES = Registry("postprocess", "mindocr.postprocess")
METRICS = Registry("metric", "mindocr.metrics")
REPORTS = Registry("report", "mindocr.report", provided=("postprocess", "metric"))
HEALTH_CHECKS = Registry("health check", "mindocr.engine.diagnose.zero_score", provided=("postprocess",))
LOGGERS = Registry("logger", "mindocr.engine.train.loggers", provided=("folder", "config", "saving"))
