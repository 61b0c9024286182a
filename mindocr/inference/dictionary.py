"""The character dictionary of a run: named once, in the post-processing, or taken from the checkpoint that is loaded.

The network has a class for each character, so the dictionary belongs to the weights. Parts with an argument
``characters`` share it: the post-processing, the metric, and ops that encode labels.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mindocr.config import Config
from mindocr.errors import ConfigError
from mindocr.formats.dictionary import TextClasses, read_dictionary
from mindocr.models.ckpt_entries import RUN_ENTRY, SETTINGS_ENTRY, unpack
from mindocr.models.download import fetch_weights
from mindocr.registry import HEADS, LOSSES, METRICS, POSTPROCESSES, TRANSFORMS, Registry

TEXT, FILE, SPACE = "characters", "character_dict_path", "use_space_char"


def complete(config: Config, ckpt: str | Path | None, key: str) -> Config:
    """Return the configuration with the characters themselves in every part that needs them.

    A dictionary file is read, so that checkpoints of the run hold its characters. Without a dictionary in the
    ``postprocess`` section, that of the checkpoint is taken. Other parts keep a dictionary that they name themselves.
    Configurations whose post-processing has no dictionary stay as they are.

    Args:
        ckpt: the checkpoint that the run loads; None = none.
        key: where the configuration names it, for messages.

    Raises:
        ConfigError: no dictionary is known, or the head has another number of classes.
        DataError: the dictionary cannot be used.
        CheckpointError: the checkpoint cannot be read.
    """
    section = config.postprocess
    if section is None or not _takes(POSTPROCESSES, section.get("name"), TEXT):
        return config
    if section.get(TEXT) is not None and section.get(FILE) is not None:
        raise ConfigError(f"postprocess: give either {TEXT} or {FILE}, not both")
    origin = f"postprocess.{TEXT}"
    if section.get(TEXT) is None and section.get(FILE) is None:
        section, origin = {**_stored(ckpt, key), **_given(section)}, f"the dictionary in {ckpt}"
    elif section.get(FILE) is not None:
        origin = section[FILE]
    characters = section[TEXT] if section.get(TEXT) is not None else read_dictionary(section[FILE])
    space = section.get(SPACE, inspect.signature(POSTPROCESSES.get(section["name"])).parameters[SPACE].default)
    _require_classes(config, len(TextClasses(characters, None, space).classes), origin, space)
    shared = {TEXT: _short(characters), SPACE: space}
    values = config.model_dump()
    values["postprocess"] = {name: value for name, value in section.items() if name != FILE} | shared
    if values["metric"] is not None:
        values["metric"] = _with(METRICS, values["metric"].get("name"), values["metric"], shared)
    values["loss"] = _loss_with(values["loss"], shared)
    for name in ("train", "eval", "predict"):
        ops = ((values.get(name) or {}).get("dataset") or {}).get("transform_pipeline")
        if ops:
            values[name]["dataset"]["transform_pipeline"] = [_op_with(op, shared) for op in ops]
    return Config.model_validate(values)


def pretrained_of(config: Config) -> str | None:
    """The checkpoint from which the network in use starts; None if there is none, or only one of its backbone."""
    model = config.model
    network = model.networks[model.use] if model.networks and model.use else model
    return network.pretrained if isinstance(network.pretrained, str) else None


def _stored(ckpt: str | Path | None, key: str) -> dict[str, Any]:
    """Dictionary and space of a checkpoint's own post-processing."""
    found: Mapping[str, Any] = {}
    if ckpt is not None:
        from mindocr.models.weights import read_checkpoint

        found = dictionary_of(read_checkpoint(fetch_weights(str(ckpt))))
    kept = {name: found[name] for name in (TEXT, FILE, SPACE) if found.get(name) is not None}
    if not {TEXT, FILE} & set(kept):
        where = f"'{ckpt}' ({key}) holds none" if ckpt is not None else f"{key} names no checkpoint that holds one"
        raise ConfigError(f"postprocess.{FILE}: no character dictionary is given, and {where}; set it to a file")
    return kept


def dictionary_of(entries: Mapping[str, Any]) -> dict[str, Any]:
    """What the entries of a checkpoint say about its dictionary, as arguments of a post-processing; may be empty."""
    found: Mapping[str, Any] = {}
    if SETTINGS_ENTRY in entries:
        found = unpack(entries[SETTINGS_ENTRY]).get("postprocess") or {}
    elif RUN_ENTRY in entries:
        found = (unpack(entries[RUN_ENTRY]).get("config") or {}).get("postprocess") or {}
    return {name: found[name] for name in (TEXT, FILE, SPACE) if found.get(name) is not None}


def _given(section: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in section.items() if name not in (TEXT, FILE)}


def _require_classes(config: Config, classes: int, origin: str, space: bool) -> None:
    """Check the number of classes of the head that evaluation uses."""
    model = config.model
    network = model.networks[model.use] if model.networks and model.use else model
    path = f"model.networks.{model.use}.head" if model.networks else "model.head"
    head = network.head or {}
    if not _takes(HEADS, head.get("name"), "out_channels") or head.get("out_channels") == classes:
        return
    with_space = " and the space" if space else ""
    raise ConfigError(
        f"{path}.out_channels: {head.get('out_channels')} classes, but {origin} needs {classes}: its characters, the "
        f"blank{with_space}; set {path}.out_channels={classes}, or name the dictionary of the weights as "
        f"postprocess.{FILE}"
    )


def _loss_with(loss: dict[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """A loss with the shared arguments, or a sum of losses with them in its terms."""
    if isinstance(terms := loss.get("terms"), list):
        return {**loss, "terms": [{**term, "loss": _loss_with(term["loss"], shared)} for term in terms]}
    return _with(LOSSES, loss.get("name"), loss, shared)


def _op_with(op: Any, shared: Mapping[str, Any]) -> Any:
    name, arguments = next(iter(op.items())) if isinstance(op, Mapping) else (op, None)
    completed = _with(TRANSFORMS, name, arguments or {}, shared)
    return op if completed == (arguments or {}) else {name: completed}


def _with(registry: Registry, name: Any, arguments: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a part, with the shared ones if it takes them and names no dictionary."""
    own = arguments.get(TEXT) is not None or arguments.get(FILE) is not None
    return {**arguments} if own or not _takes(registry, name, TEXT) else {**arguments, **shared}


def _takes(registry: Registry, name: Any, argument: str) -> bool:
    return isinstance(name, str) and name in registry and argument in inspect.signature(registry.get(name)).parameters


def _short(characters: Sequence[str]) -> str | list[str]:
    """As a text, which is a hundredth of a list in YAML; entries of several characters need a list."""
    return "".join(characters) if all(len(each) == 1 for each in characters) else list(characters)
