"""Algorithms by the short names that prediction accepts: a named model and the post-processing that goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mindocr.errors import ConfigError
from mindocr.registry import suggest

_DB_POSTPROCESS = {
    "name": "DBPostprocess",
    "box_type": "quad",
    "binary_thresh": 0.3,
    "box_thresh": 0.6,
    "expand_ratio": 1.5,
}


@dataclass(frozen=True)
class Algorithm:
    """A named model (see ``zoo.py``), a ``postprocess`` section, and how images are prepared.

    Attributes:
        limit: side length in pixels, and whether it bounds the longer side (``max``) or the shorter one (``min``).
        blue_first: the network's input channels are blue, green, red.
    """

    model: str
    postprocess: Mapping[str, Any]
    limit: tuple[int, str] = (960, "max")
    blue_first: bool = False


ALGORITHMS = {
    "DB": Algorithm("dbnet_resnet50", _DB_POSTPROCESS),
    "DB++": Algorithm("dbnetpp_resnet50", _DB_POSTPROCESS),
    "DB_R18": Algorithm("dbnet_resnet18", _DB_POSTPROCESS),
    "DB_MV3": Algorithm("dbnet_mobilenetv3", _DB_POSTPROCESS),
    "DB_PPOCRV3": Algorithm("dbnet_ppocrv3", {**_DB_POSTPROCESS, "box_thresh": 0.9}, (736, "min"), blue_first=True),
}


def get_algorithm(name: str) -> Algorithm:
    """The algorithm of that name, in upper or lower case.

    Raises:
        ConfigError: no such name; the message lists the known ones.
    """
    if name.upper() not in ALGORITHMS:
        raise ConfigError(
            f"--det_algorithm: unknown algorithm '{name}'{suggest(name.upper(), ALGORITHMS)}; "
            f"known: {', '.join(ALGORITHMS)}"
        )
    return ALGORITHMS[name.upper()]
