"""Time steps that a recogniser computes for an image, known without building it.

A backbone declares by which numbers it divides the width of an image, one after the other, as ``width_divisions``:
positive ones are rounded up, as of a convolution with padding, negative ones down, as of a pooling without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindocr.registry import BACKBONES


def time_steps(model: Mapping[str, Any], width: int) -> int | None:
    """Time steps for an image of ``width`` pixels; None if the backbone does not declare them.

    Args:
        model: the section ``model``; of several networks the smallest number counts.
    """
    networks = model.get("networks")
    sections = list(networks.values()) if isinstance(networks, Mapping) else [model]
    found = [_of_backbone(section.get("backbone"), width) for section in sections if isinstance(section, Mapping)]
    known = [steps for steps in found if steps is not None]
    return min(known) if known and len(known) == len(found) else None


def _of_backbone(spec: Any, width: int) -> int | None:
    divisions: tuple[Any, ...] = BACKBONES.declared(spec, "width_divisions") if isinstance(spec, Mapping) else ()
    if not divisions:
        return None
    for number in divisions:
        width = width // -number if number < 0 else -(-width // number)
    return width
