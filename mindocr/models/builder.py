"""Networks with their weights, from a model section or a model's name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mindocr.errors import CheckpointError, ConfigError
from mindocr.models import zoo
from mindocr.models.deformable import offset_names
from mindocr.models.download import fetch_weights
from mindocr.models.ensemble import Ensemble
from mindocr.models.form import form_problems
from mindocr.models.network import Network
from mindocr.models.quantization import quantize
from mindocr.models.weights import load_weights, read_checkpoint
from mindocr.registry import BACKBONES, HEADS, NECKS, suggest

_KEYS = ("type", "transform", "backbone", "neck", "head", "pretrained", "networks", "use", "quantization")
_NETWORK_KEYS = ("backbone", "neck", "head", "pretrained", "frozen", "outputs")
_QUANTIZATION_KEYS = ("clip_init", "rate")
# DBNet++ starts from DBNet's weights, which do not contain its fusion module; others lack heads of training only
_MAY_START_ANEW = ("neck.fuse.", "head.auxiliary_", "head.guide.")
# ImageNet weights contain a classifier that a detector does not have
_CLASSIFIER = ("classifier.",)

Adapt = Callable[[Path, Mapping[str, Any], Network], Mapping[str, Any]]

logger = logging.getLogger(__name__)


def build_model(
    name_or_spec: str | Mapping[str, Any],
    *,
    ckpt: str | Path | None = None,
    pretrained: bool | None = None,
    training: bool = False,
    adapt: Adapt | None = None,
) -> Network | Ensemble:
    """Build a network, or the networks that are trained together.

    Args:
        name_or_spec: a named model (see ``model_names()``), or a ``model`` section. The section has backbone, neck
            (optional) and head as ``{name: ..., **arguments}``, and ``pretrained``, a path or URL of weights for the
            whole network. Or it has ``networks``, several such sections by name, and ``use``. ``quantization`` has the
            arguments of :func:`~mindocr.models.quantization.quantize`.
        ckpt: trained weights of exactly this model. They are loaded strictly, and no other weights are loaded.
        pretrained: None loads what the section asks for (``pretrained``, else ``backbone.pretrained``); False loads
            nothing; True loads the released weights of a named model.
        training: of several networks, build all, as an ensemble; otherwise build the one that ``use`` names.
        adapt: changes the entries of a ``pretrained`` file before they are loaded: (path, entries, network) -> entries.

    Raises:
        ConfigError: unknown name or key, or arguments that do not fit a part.
        CheckpointError: weights that are missing, damaged or of another model.
    """
    named = zoo.get_model(name_or_spec) if isinstance(name_or_spec, str) else None
    spec = named.spec if named else name_or_spec
    assert isinstance(spec, Mapping)
    _check(spec)
    if not spec.get("networks"):
        released = named.weights if named and pretrained else None
        return _build_network(spec, "model", ckpt, pretrained, released, training=training, adapt=adapt)
    if not training:
        return _build_network(spec["networks"][spec["use"]], f"model.networks.{spec['use']}", ckpt, pretrained)
    networks = {name: _build_member(spec, name, ckpt, pretrained, adapt) for name in spec["networks"]}
    return Ensemble(networks, spec["use"], [name for name, s in spec["networks"].items() if s.get("frozen")])


def _build_member(
    spec: Mapping[str, Any], name: str, ckpt: str | Path | None, pretrained: bool | None, adapt: Adapt | None
) -> Network:
    """The network of this name, with the outputs that its section chooses; an error names it."""
    section, where = spec["networks"][name], f"model.networks.{name}"
    weights = ckpt if name == spec["use"] else None
    try:
        network = _build_network(section, where, weights, pretrained, training=not section.get("frozen"), adapt=adapt)
    except CheckpointError as error:
        raise CheckpointError(f"{where}.pretrained: {error}" if weights is None else str(error)) from error
    if section.get("outputs") is not None:
        try:
            network.choose_outputs(section["outputs"], bool(section.get("frozen")))
        except ConfigError as error:
            raise ConfigError(f"{where}.{error}") from None
    return network


def _build_network(
    spec: Mapping[str, Any],
    where: str,
    ckpt: str | Path | None,
    pretrained: bool | None,
    released: str | None = None,
    training: bool = False,
    adapt: Adapt | None = None,
) -> Network:
    """The network of a section at ``where``; ``released`` weights replace those that the section names."""
    # Networks for inference are built without the parts of training, whose weights in a checkpoint are skipped
    idle = () if training else getattr(HEADS.get(spec["head"]["name"]), "training_only", ())
    backbone = BACKBONES.build(spec["backbone"])
    neck = NECKS.build(spec["neck"], in_channels=backbone.out_channels) if spec.get("neck") else None
    head = HEADS.build(
        {key: value for key, value in spec["head"].items() if key not in idle},
        in_channels=(neck or backbone).out_channels,
        feature_channels=backbone.out_channels,
    )
    _check_levels(neck, head, where)
    if training and getattr(neck, "use_guide", False) and getattr(head, "guide", None) is None:
        raise ConfigError(
            f"{where}.neck.use_guide: stops the gradient before the backbone, and {where}.head has no guide that would "
            "train it; set head.guide, or use_guide: False"
        )
    skipped = tuple(f"head.{name}." for name in getattr(head, "training_only", ()) if getattr(head, name) is None)
    network = Network(backbone, neck, head)
    added = quantize(network, **spec["quantization"]) if spec.get("quantization") is not None else []
    source = released or spec.get("pretrained")
    if ckpt is not None:
        load_weights(network, ckpt, ignore=skipped)
    elif pretrained is not False and source:
        if not isinstance(source, str):
            raise ConfigError(
                f"{where}.pretrained: {source!r} names no file; give the path or the URL of weights for this network "
                f"(or set {where}.backbone.pretrained for the backbone alone)"
            )
        may_be_missing = (*_MAY_START_ANEW, *offset_names(network), *added)
        path = fetch_weights(source)
        entries = path if adapt is None else adapt(path, read_checkpoint(path), network)
        report = load_weights(network, entries, allow_missing=may_be_missing, ignore=skipped, origin=str(path))
        logger.info("%s.pretrained: %s", where, report.summary())
    elif pretrained is not False and backbone.pretrained:
        path = fetch_weights(_backbone_source(spec, backbone))
        report = load_weights(backbone, path, allow_missing=offset_names(backbone), ignore=_CLASSIFIER)
        logger.info("%s.backbone.pretrained: %s", where, report.summary())
    return network


def _check_levels(neck: Any, head: Any, where: str) -> None:
    """Check that the levels that an auxiliary head takes come from the neck, and that no others come."""
    given, taken = getattr(neck, "auxiliary", False), getattr(head, "auxiliary", False)
    if given != taken:
        raise ConfigError(
            f"{where}.neck.auxiliary: the head {type(head).__name__} needs the value {taken}"
            + (" and a neck that has this option, such as RepLKFPN" if taken else "")
        )


def _check(spec: Mapping[str, Any]) -> None:
    problems = [f"model.{key}: unknown key{suggest(key, _KEYS)}" for key in spec if key not in _KEYS]
    if spec.get("transform") is not None:
        problems.append(f"model.transform: {spec['transform']!r} is not supported; the networks here take null")
    problems += [f"model{'.' * bool(path)}{path}: {text}" for path, text in form_problems(spec)]
    rounding = spec.get("quantization") or {}
    problems += [
        f"model.quantization.{key}: unknown key{suggest(key, _QUANTIZATION_KEYS)}"
        for key in rounding
        if key not in _QUANTIZATION_KEYS
    ]
    networks = spec.get("networks") or {}
    for name, section in networks.items() if isinstance(networks, Mapping) else ():
        keys = section if isinstance(section, Mapping) else ()
        problems += [
            f"model.networks.{name}.{key}: unknown key{suggest(key, _NETWORK_KEYS)}"
            for key in keys
            if key not in _NETWORK_KEYS
        ]
    for path, section in [("model", spec), *((f"model.networks.{name}", each) for name, each in networks.items())]:
        problems += _part_problems(path, section)
    if problems:
        raise ConfigError("\n  ".join([f"{len(problems)} problem{'s' * (len(problems) > 1)} in the model", *problems]))


def _part_problems(path: str, spec: Any) -> list[str]:
    """Names that no registry knows, and arguments that a part does not take."""
    problems = []
    for part, registry in (("backbone", BACKBONES), ("neck", NECKS), ("head", HEADS)):
        section = spec.get(part) if isinstance(spec, Mapping) else None
        if not section:
            continue
        if not isinstance(section, Mapping):
            problems.append(f"{path}.{part}: expected {{name: ..., arguments}}, got {section!r}")
            continue
        args = {key: value for key, value in section.items() if key != "name"}
        found = registry.check(section.get("name", ""), args)
        problems += [f"{path}.{part}.{arg or 'name'}: {text}" for arg, text in found]
    return problems


def _backbone_source(spec: Mapping[str, Any], backbone: Any) -> str:
    if isinstance(backbone.pretrained, str):
        return backbone.pretrained
    if backbone.released_weights is None:
        raise ConfigError(
            f"model.backbone.pretrained: no released weights are known for {dict(spec['backbone'])}; give the path or "
            "the URL of a checkpoint instead of True, or False to start from random weights"
        )
    return backbone.released_weights
