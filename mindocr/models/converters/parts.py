"""What several sources share: ResNet's names, the head's layers, widths read from shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from mindocr.errors import CheckpointError

# A ResNet of PyTorch under a prefix, which becomes group 1 of the replacement's first part
_TAIL = r"(weight|bias|running_mean|running_var)"
RESNET_LAYERS = (
    rf"((?:conv1|bn1|layer[1-4]\.\d+\.(?:conv|bn)\d)\.{_TAIL})",
    rf"(layer[1-4]\.\d+)\.downsample\.([01]\.{_TAIL})",
    r"(layer[1-4]\.\d+\.conv2)(?:_offset|\.conv_offset)\.(weight|bias)",
)
COUNTERS = (r".*\.num_batches_tracked", "counts batches; nothing is computed with it")
CLASSIFIER = "the classifier, which a detector does not have"

_RESNETS = {((2, 2, 2, 2), False): "det_resnet18", ((3, 4, 6, 3), True): "det_resnet50"}
_PREDICTED = 27  # channels that a deformable convolution predicts for each group: y, x and weight of nine taps
_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.25)


def resnet_rules(prefix: str, target: str) -> tuple[tuple[str, str], ...]:
    """Rules for a ResNet of PyTorch whose names begin with ``prefix`` (a pattern); ours begin with ``target``."""
    plain, down, offset = RESNET_LAYERS
    return (
        (prefix + plain, rf"{target}\1"),
        (prefix + down, rf"{target}\1.down_sample.\2"),
        (prefix + offset, rf"{target}\1.offset.\2"),
    )


def resnet_spec(weights: Mapping[str, np.ndarray], prefix: str = "backbone.") -> dict[str, Any]:
    """The backbone section for a renamed ResNet or ResNet-vd.

    Raises:
        CheckpointError: a depth that this toolkit does not have.
    """
    blocks = []
    for stage in range(1, 5):
        pattern = re.compile(rf"{re.escape(prefix)}layer{stage}\.(\d+)\.conv1\.weight")
        blocks.append(sum(1 for name in weights if pattern.fullmatch(name)))
    bottleneck = f"{prefix}layer1.0.conv3.weight" in weights
    name = _RESNETS.get((tuple(blocks), bottleneck))  # type: ignore[arg-type]
    if name is None:
        kind = "bottleneck" if bottleneck else "plain"
        raise CheckpointError(
            f"this toolkit has no ResNet with {blocks} {kind} blocks: det_resnet18 has [2, 2, 2, 2] plain "
            "blocks, det_resnet50 has [3, 4, 6, 3] bottleneck blocks"
        )
    deformable = _deformable(weights, prefix)
    if f"{prefix}stem.0.conv.weight" in weights:
        return {"name": f"{name}_vd", **deformable}
    # PyTorch pads its pooling on both sides, MindOCR's weights were trained without.
    return {"name": name, "pad_mode": "centred", **deformable}


def _deformable(weights: Mapping[str, np.ndarray], prefix: str) -> dict[str, Any]:
    """The arguments of a ResNet for its deformable convolutions; empty if it has none."""
    pattern = re.compile(rf"{re.escape(prefix)}layer([1-4])\.\d+\.conv2\.offset\.weight")
    channels = {int(match[1]): len(weights[name]) for name in weights if (match := pattern.fullmatch(name))}
    if not channels:
        return {}
    spec: dict[str, Any] = {"dcn_stages": [stage in channels for stage in range(1, 5)]}
    groups = max(channels.values()) // _PREDICTED
    return spec if groups == 1 else {**spec, "dcn_groups": groups}


def head_spec(weights: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The head section for renamed weights."""
    first = weights.get("head.segm.0.weight")
    kernel = 3 if first is None or first.ndim < 4 else int(first.shape[-1])
    return {
        "name": "DBHead",
        "bias": "head.segm.0.bias" in weights,
        "adaptive": any(name.startswith("head.thresh.") for name in weights),
        **({} if kernel == 3 else {"kernel_list": [kernel, 2, 2]}),
    }


def pyramid_spec(weights: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The neck section for renamed weights of a ``DBFPN``.

    Raises:
        CheckpointError: the lateral convolutions are missing.
    """
    width = first_dimension(weights, "neck.unify_channels.0.weight")
    spec = {"name": "DBFPN", "out_channels": width, "bias": "neck.unify_channels.0.bias" in weights}
    if "neck.fuse.conv.weight" in weights:
        spec |= {"use_asf": True, "channel_attention": "neck.fuse.chan_att.0.weight" in weights}
        reduced = first_dimension(weights, "neck.fuse.conv.weight")
        if reduced != width // 4:
            spec["attention_channels"] = reduced
    return spec


def first_dimension(weights: Mapping[str, np.ndarray], name: str) -> int:
    """Output channels of a layer.

    Raises:
        CheckpointError: the layer is missing.
    """
    if name not in weights or not weights[name].ndim:
        raise CheckpointError(
            f"{name}: the file has no weights for this layer; it is incomplete, or of another network"
        )
    return int(weights[name].shape[0])


def width_multiplier(stem: int, last: int) -> float:
    """``alpha`` of a MobileNetV3 from the channels of its stem and of its last convolution.

    Raises:
        CheckpointError: no usual multiplier gives these.
    """
    from mindocr.models.backbones.mobilenet_v3 import round_channels

    for alpha in _ALPHAS:
        for widest in (160, 96):  # the last unit of 'large' and of 'small'
            if (round_channels(16 * alpha), 6 * round_channels(widest * alpha)) == (stem, last):
                return alpha
    raise CheckpointError(
        f"a MobileNetV3 with {stem} channels at the start and {last} at the end has no usual width "
        f"({', '.join(map(str, _ALPHAS))})"
    )
