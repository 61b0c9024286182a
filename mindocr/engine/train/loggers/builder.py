"""Builds the loggers of ``train.loggers``: those of the package and those of the user."""

from __future__ import annotations

import importlib
from pathlib import Path

from mindocr.config import Config
from mindocr.config.loggers import PLACE, as_spec, is_own
from mindocr.engine.train.observers import Observer
from mindocr.engine.train.save_policy import SavePolicy
from mindocr.errors import ConfigError, UserError
from mindocr.registry import LOGGERS, Registry, suggest


def build_loggers(config: Config, folder: Path, saving: SavePolicy) -> dict[str, Observer]:
    """Name -> logger, for each entry of ``train.loggers``.

    Raises:
        ConfigError: a user's module cannot be imported, a package is missing, or arguments do not fit.
    """
    loggers = {}
    for entry in config.train.loggers:
        spec = as_spec(entry)
        name = spec["name"]
        registry = _registry_of(name) if is_own(name) else LOGGERS
        try:
            loggers[name] = registry.build(spec, config=config, folder=folder, saving=saving)
        except UserError as error:
            text = str(error)
            raise ConfigError(text if text.startswith(PLACE) else f"{PLACE}: {name}: {text}") from None
    return loggers


def _registry_of(name: str) -> Registry:
    """A registry of one class, ``module:Class``, so that its arguments are checked like those of LOGGERS."""
    module_name, _, class_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # the user's module may raise anything
        hint = "; install it, or put its folder into PYTHONPATH" if isinstance(error, ModuleNotFoundError) else ""
        raise ConfigError(f"{PLACE}: cannot import '{module_name}' ({type(error).__name__}: {error}){hint}") from error
    found = getattr(module, class_name, None)
    if found is None:
        raise ConfigError(f"{PLACE}: module '{module_name}' has no '{class_name}'{suggest(class_name, vars(module))}")
    if not (isinstance(found, type) and issubclass(found, Observer)):
        raise ConfigError(f"{PLACE}: {name} is not a class derived from mindocr.engine.train.observers.Observer")
    registry = Registry(LOGGERS.kind, LOGGERS.package, LOGGERS.provided)
    try:
        registry.register(found, name=name)
    except TypeError as error:
        raise ConfigError(f"{PLACE}: {error}") from None
    return registry
