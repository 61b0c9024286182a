"""A model section or a model's name becomes a detector with its weights."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindocr.errors import ConfigError
from mindocr.models import zoo
from mindocr.models.detector import Detector
from mindocr.models.download import fetch_weights
from mindocr.models.weights import load_weights
from mindocr.registry import BACKBONES, HEADS, NECKS, suggest

_REQUIRED = ("backbone", "head")
_KEYS = ("type", "transform", "backbone", "neck", "head", "pretrained")
# DBNet++ starts from DBNet's weights, which know nothing of its fusion module
_MAY_START_ANEW = ("neck.fuse.",)
# ImageNet weights bring a classifier that a detector does not have
_CLASSIFIER = ("classifier.",)

logger = logging.getLogger(__name__)


def build_model(
    name_or_spec: str | Mapping[str, Any], *, ckpt: str | Path | None = None, pretrained: bool | None = None
) -> Detector:
    """Build a detector.

    Args:
        name_or_spec: a named model (see ``model_names()``), or a ``model`` section: backbone, neck (optional) and head
            as ``{name: ..., **arguments}``, and ``pretrained``, a path or URL of weights for the whole detector.
        ckpt: trained weights of exactly this model; they are loaded strictly, and nothing else is looked for.
        pretrained: None loads what the section asks for (``pretrained``, else ``backbone.pretrained``); False loads
            nothing; True loads the released weights of a named model.

    Raises:
        ConfigError: unknown name or key, or arguments that do not fit a part.
        CheckpointError: weights that are missing, damaged or of another model.
    """
    named = zoo.get_model(name_or_spec) if isinstance(name_or_spec, str) else None
    spec = named.spec if named else name_or_spec
    assert isinstance(spec, Mapping)
    _check(spec)
    backbone = BACKBONES.build(spec["backbone"])
    neck = NECKS.build(spec["neck"], in_channels=backbone.out_channels) if spec.get("neck") else None
    detector = Detector(backbone, neck, HEADS.build(spec["head"], in_channels=(neck or backbone).out_channels))

    whole = spec.get("pretrained")
    if named and pretrained:
        whole = named.weights
    if ckpt is not None:
        load_weights(detector, ckpt)
    elif pretrained is not False and whole:
        if not isinstance(whole, str):
            raise ConfigError(
                f"model.pretrained: {whole!r} names no file; give the path or the URL of weights for this detector "
                "(or set model.backbone.pretrained for the backbone alone)"
            )
        report = load_weights(detector, fetch_weights(whole), allow_missing=_MAY_START_ANEW)
        logger.info("model.pretrained: %s", report.summary())
    elif pretrained is not False and backbone.pretrained:
        report = load_weights(backbone, fetch_weights(_backbone_source(spec, backbone)), ignore=_CLASSIFIER)
        logger.info("model.backbone.pretrained: %s", report.summary())
    return detector


def _check(spec: Mapping[str, Any]) -> None:
    problems = [f"model.{key}: unknown key{suggest(key, _KEYS)}" for key in spec if key not in _KEYS]
    problems += [f"model.{key}: required, as {{name: ..., arguments}}" for key in _REQUIRED if not spec.get(key)]
    if spec.get("type", "det") != "det":
        problems.append(f"model.type: '{spec['type']}' is not supported; this toolkit builds detectors, type: det")
    if spec.get("transform") is not None:
        problems.append(f"model.transform: {spec['transform']!r} is not supported; detectors take null")
    for part, registry in (("backbone", BACKBONES), ("neck", NECKS), ("head", HEADS)):
        section = spec.get(part)
        if not section:
            continue
        if not isinstance(section, Mapping):
            problems.append(f"model.{part}: expected {{name: ..., arguments}}, got {section!r}")
            continue
        args = {key: value for key, value in section.items() if key != "name"}
        found = registry.check(section.get("name", ""), args)
        problems += [f"model.{part}.{arg or 'name'}: {text}" for arg, text in found]
    if problems:
        raise ConfigError("\n  ".join([f"{len(problems)} problem{'s' * (len(problems) > 1)} in the model", *problems]))


def _backbone_source(spec: Mapping[str, Any], backbone: Any) -> str:
    if isinstance(backbone.pretrained, str):
        return backbone.pretrained
    if backbone.released_weights is None:
        raise ConfigError(
            f"model.backbone.pretrained: no released weights are known for {dict(spec['backbone'])}; give the path or "
            "the URL of a checkpoint instead of True, or False to start from random weights"
        )
    return backbone.released_weights
