"""Named models: their sections, the URLs of their released weights, and how their checkpoints are recognised."""

from __future__ import annotations

import copy
import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from mindocr.errors import ConfigError
from mindocr.registry import suggest

_RELEASED = "https://download.mindspore.cn/toolkits/mindocr/dbnet/"
_DB_NECK = {"name": "DBFPN", "out_channels": 256, "bias": False}
_DBPP_NECK = {**_DB_NECK, "use_asf": True, "channel_attention": True}
_DB_HEAD = {"name": "DBHead", "k": 50, "bias": False, "adaptive": True}
_MOBILENET = {
    "name": "det_mobilenet_v3",
    "architecture": "large",
    "alpha": 0.5,
    "out_stages": [5, 8, 14, 20],
    "bottleneck_params": {"se_version": "SqueezeExciteV2", "always_expand": True},
}


@dataclass(frozen=True)
class NamedModel:
    """One named model.

    Attributes:
        spec: the ``model`` section that builds it.
        weights: URL of MindOCR's released weights, for ICDAR 2015 (``dbnet_ppocrv3``: for general text).
        marks: parameters (name -> shape) by which a checkpoint of this model is recognised.
    """

    spec: Mapping[str, Any]
    weights: str
    marks: Mapping[str, tuple[int, ...]]


def _named(
    backbone: Mapping[str, Any], neck: Mapping[str, Any], weights: str, marks: Mapping[str, tuple[int, ...]]
) -> NamedModel:
    spec = {"type": "det", "transform": None, "backbone": backbone, "neck": neck, "head": _DB_HEAD}
    return NamedModel(spec, urljoin(_RELEASED, weights), marks)


_LAST_LATERAL = "neck.unify_channels.3.weight"
_MODELS = {
    "dbnet_mobilenetv3": _named(
        _MOBILENET,
        _DB_NECK,
        "dbnet_mobilenetv3-62c44539.ckpt",
        {"backbone.features.0.weight": (8, 3, 3, 3), _LAST_LATERAL: (256, 480, 1, 1)},
    ),
    "dbnet_ppocrv3": _named(
        {"name": "det_mobilenet_v3_enhance", "architecture": "large", "alpha": 0.5, "disable_se": True},
        {"name": "RSEFPN", "out_channels": 96, "shortcut": True},
        "https://download-mindspore.osinfra.cn/toolkits/mindocr/dbnet/dbnet_mobilenetv3_ppocrv3-70d6018f.ckpt",
        {"backbone.conv.conv.weight": (8, 3, 3, 3), "neck.ins_conv.3.in_conv.weight": (96, 480, 1, 1)},
    ),
    "dbnet_resnet18": _named(
        {"name": "det_resnet18"},
        _DB_NECK,
        "dbnet_resnet18-0c0c4cfa.ckpt",
        {"backbone.layer1.0.conv1.weight": (64, 64, 3, 3), _LAST_LATERAL: (256, 512, 1, 1)},
    ),
    "dbnet_resnet50": _named(
        {"name": "det_resnet50"},
        _DB_NECK,
        "dbnet_resnet50-c3a4aa24.ckpt",
        {"backbone.layer1.0.conv1.weight": (64, 64, 1, 1), _LAST_LATERAL: (256, 2048, 1, 1)},
    ),
    "dbnetpp_resnet50": _named(
        {"name": "det_resnet50"},
        _DBPP_NECK,
        "dbnetpp_resnet50_910-35dc71f2.ckpt",
        {
            "backbone.layer1.0.conv1.weight": (64, 64, 1, 1),
            _LAST_LATERAL: (256, 2048, 1, 1),
            "neck.fuse.conv.weight": (64, 256, 3, 3),
        },
    ),
}


def model_names() -> list[str]:
    """Every named model, sorted."""
    return sorted(_MODELS)


def list_models(filter: str = "*") -> list[str]:
    """Every named model whose name matches a pattern such as ``*resnet50``, sorted; MindOCR's name for this list."""
    return fnmatch.filter(model_names(), filter or "*")


def get_model(name: str) -> NamedModel:
    """The named model, with a specification that the caller may change.

    Raises:
        ConfigError: no such name; the message lists the known ones.
    """
    if name not in _MODELS:
        raise ConfigError(
            f"unknown model '{name}'{suggest(name, _MODELS)}; known: {', '.join(model_names())}; "
            "or give the path of a YAML file"
        )
    model = _MODELS[name]
    return NamedModel(copy.deepcopy(dict(model.spec)), model.weights, model.marks)


def recognise(shapes: Mapping[str, Sequence[int]]) -> str | None:
    """Name of the model that a checkpoint with these parameters (name -> shape) belongs to, or None."""
    fitting = [
        (len(model.marks), name)
        for name, model in _MODELS.items()
        if all(tuple(shapes.get(key, ())) == shape for key, shape in model.marks.items())
    ]
    return max(fitting)[1] if fitting else None
