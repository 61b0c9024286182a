"""Transform pipelines for images without labels, as lists of ops like those of a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mindocr.data.transforms.checks import Spec
from mindocr.errors import ConfigError
from mindocr.registry import TRANSFORMS

# Arguments of DetResize that stay if another size is chosen
_INDEPENDENT_OF_SIZE = ("force_divisable", "divisor", "max_pixels")


def default_pipeline(
    limit_side_len: int = 960, limit_type: str = "max", blue_first: bool = False
) -> list[dict[str, Any]]:
    """The pipeline of prediction without a configuration: decode, limit the side length, normalise.

    Args:
        limit_side_len: limit of the side length in pixels.
        limit_type: which side is limited, ``max`` (the longer one) or ``min`` (the shorter one).
        blue_first: whether the network takes the channels in the order blue, green, red.
    """
    resize = {"keep_ratio": True, "padding": False, "limit_side_len": limit_side_len, "limit_type": limit_type}
    return [
        {"DecodeImage": {"img_mode": "RGB", "to_float32": False, "keep_ori": True}},
        {"DetResize": resize},
        {"NormalizeImage": {"bgr_to_rgb": blue_first, "is_hwc": True, "mean": "imagenet", "std": "imagenet"}},
        {"ToCHWImage": None},
    ]


def without_labels(pipeline: Sequence[Spec]) -> list[dict[str, Any]]:
    """The pipeline without the ops that need labels, such as DetLabelEncode."""
    known = {"img_path"}
    kept = []
    for name, arguments in named(pipeline):
        op: Any = TRANSFORMS.get(name)
        if known.issuperset(op.reads):
            known.update(op.writes)
            kept.append({name: arguments})
    return kept


def with_original(pipeline: Sequence[Spec]) -> list[dict[str, Any]]:
    """The pipeline, changed to keep the decoded image as ``image_ori``."""
    return [{n: {**a, "keep_ori": True} if n == "DecodeImage" else a} for n, a in named(pipeline)]


def with_limit(pipeline: Sequence[Spec], limit_side_len: int, limit_type: str) -> list[dict[str, Any]]:
    """The pipeline with another limit of the side length in DetResize, see :func:`default_pipeline`.

    Raises:
        ConfigError: it has no DetResize.
    """
    if not any(name == "DetResize" for name, _ in named(pipeline)):
        raise ConfigError("limit_side_len: the transform_pipeline of this model has no DetResize to change")
    limit = {"keep_ratio": True, "padding": False, "limit_side_len": limit_side_len, "limit_type": limit_type}
    return _with_resize(pipeline, lambda arguments: limit)


def with_size(pipeline: Sequence[Spec], size: tuple[int, int]) -> list[dict[str, Any]]:
    """The pipeline, changed to return images of ``size`` (h, w) in pixels.

    A DetResize with a target size gets the new one; any other DetResize then fits images into the size and pads them.
    Text lines are resized to the height, squeezed to the width if they are wider, and padded.
    """

    def resize(arguments: Mapping[str, Any]) -> dict[str, Any]:
        has_target = bool(arguments.get("target_size"))
        fitted = arguments.get("keep_ratio", True) if has_target else True
        return {"target_size": list(size), "keep_ratio": fitted, "padding": fitted, "limit_type": "none"}

    lines = {"ResizeTextLine": {"height": size[0], "max_width": size[1]}, "PadTextLine": {"min_width": size[1]}}
    return [{n: {**a, **lines.get(n, {})} for n, a in spec.items()} for spec in _with_resize(pipeline, resize)]


def decoding(pipeline: Sequence[Spec]) -> dict[str, Any]:
    """Arguments of the first DecodeImage; empty if there is none."""
    return next((arguments for name, arguments in named(pipeline) if name == "DecodeImage"), {})


def _with_resize(pipeline: Sequence[Spec], change: Any) -> list[dict[str, Any]]:
    changed = []
    for name, arguments in named(pipeline):
        if name == "DetResize":
            kept = {key: value for key, value in arguments.items() if key in _INDEPENDENT_OF_SIZE}
            arguments = {**kept, **change(arguments)}
        changed.append({name: arguments})
    return changed


def named(pipeline: Sequence[Spec]) -> list[tuple[str, dict[str, Any]]]:
    """(name, arguments) of each op.

    Raises:
        ConfigError: an op is not of the form ``{Name: {argument: value}}`` or ``Name``.
    """
    named = []
    for spec in pipeline:
        name, arguments = next(iter(spec.items())) if isinstance(spec, Mapping) and len(spec) == 1 else (spec, None)
        if not isinstance(name, str) or not isinstance(arguments, Mapping | None):
            raise ConfigError(f"transform_pipeline: expected {{Name: {{argument: value}}}} or Name, got {spec!r}")
        named.append((name, dict(arguments or {})))
    return named
