"""Configurations of models that MindOCR has and this package has not: one sentence in place of a list of problems.

A configuration is one of those only if parts that it names are not registered, so a component that a user has
registered, or a model that is added to this package, is never taken for one. The names are those of MindOCR's files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mindocr.config.parts import lookup, present_parts
from mindocr.registry import suggest

_DETECTION, _RECOGNITION = "text detection", "text recognition"
_KEY_INFORMATION, _TABLES, _LAYOUT = "key information extraction", "table recognition", "layout analysis"
_ORIENTATION = "text orientation classification"

# model.type in MindOCR's files -> task
_TASKS = {
    "det": _DETECTION, "rec": _RECOGNITION, "cls": _ORIENTATION, "kie": _KEY_INFORMATION, "table": _TABLES,
    "layout": _LAYOUT,
}  # fmt: skip


class Family(NamedTuple):
    """A model: its name, its task, and a pattern of the names of its parts, in any case."""

    name: str
    task: str
    parts: str


# The first family with a part of that name wins, so parts that several models share come last.
FAMILIES = (
    Family("EAST", _DETECTION, r"^EAST"),
    Family("PSENet", _DETECTION, r"^PSE"),
    Family("FCENet", _DETECTION, r"^FCE"),
    Family("TableMaster", _TABLES, r"^Table(Master|_?ResNet)"),
    Family("LayoutXLM", _KEY_INFORMATION, r"^(VI_?)?LayoutXLM|TokenLayoutLM|^TokenClassification|^RelationExtraction"),
    Family("LayoutLMv3", _LAYOUT, r"LayoutLMv3"),
    Family("YOLOv8", _LAYOUT, r"^YOLOv8"),
    Family("MobileNetV3 classifier", _ORIENTATION, r"^cls_mobilenet|^MobileNetV3Head"),
    Family("ABINet", _RECOGNITION, r"^ABINet"),
    Family("VisionLAN", _RECOGNITION, r"^VisionLAN|^rec_resnet45"),
    Family("RobustScanner", _RECOGNITION, r"^RobustScanner|^rec_resnet31"),
    Family("MASTER", _RECOGNITION, r"^(Rec)?Master|^rec_resnet_master"),
    Family("SVTR", _RECOGNITION, r"^SVTRNet|^mobilenet_v1_enhance|^MultiHead|^MultiLoss"),
    Family("RARE", _RECOGNITION, r"^Attention(Head|Loss)"),
    Family("CRNN with ResNet", _RECOGNITION, r"^rec_resnet"),
)

_HERE = "it has DBNet, DBNet++, CTPN, CRNN and networks of PP-OCR ('mindocr recipes' lists them)"


def unknown_model(raw: Mapping[str, Any]) -> str | None:
    """One sentence, if the configuration describes a model whose parts this package does not have; else None.

    One part with an unknown name means that if it is the part of a known family; otherwise it is a mistake in a name.
    Several parts with unknown names, none of which resembles a known one, are an unknown model.
    """
    parts = list(_unregistered(raw))
    if not parts:
        return None
    for family in FAMILIES:
        if any(re.search(family.parts, name, re.IGNORECASE) for name, _ in parts):
            name = f"VI-{family.name}" if family.name == "LayoutXLM" and _is_visual_independent(raw) else family.name
            return f"this is a configuration of {name} ({family.task}), which mindocr does not have; {_HERE}"
    strange = [name for name, known in parts if not suggest(name, known)]
    if len(strange) < 2:
        return None
    kind = lookup(raw, "model.type")
    task = f" for {_TASKS[kind]}" if isinstance(kind, str) and kind in _TASKS else ""
    return (
        f"this is a configuration of an unknown model{task}: mindocr has no {', '.join(strange)}; {_HERE}. Parts of "
        "your own must be registered before the configuration is read"
    )


def _unregistered(raw: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Names of parts of the model and of the loss that no registry has, with the names that their registry has."""
    for part, spec in present_parts(raw):
        name = spec.get(part.selector)
        if part.path.startswith(("model.", "loss")) and isinstance(name, str) and name not in part.registry:
            yield name, part.registry.names()


def _is_visual_independent(raw: Mapping[str, Any]) -> bool:
    return lookup(raw, "model.backbone.use_visual_backbone") is False
