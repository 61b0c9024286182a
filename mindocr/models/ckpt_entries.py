"""Entries of a checkpoint other than weights: values of JSON types, stored as bytes beside the parameters."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

# Loading weights skips entries that begin with ``mindocr.``
RUN_ENTRY = "mindocr.run"
STATE_ENTRY = "mindocr.state"
# What a converted checkpoint needs to be used: the keys of mindocr.inference.metadata, and MODEL_KEY
SETTINGS_ENTRY = "mindocr.settings"
MODEL_KEY = "network"  # the ``model`` section


def pack(value: Any) -> np.ndarray:
    """A value that JSON can hold, as (N,) uint8."""
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def unpack(entry: Any) -> Any:
    """The inverse of :func:`pack`.

    Args:
        entry: a tensor as it was read from a checkpoint.
    """
    return json.loads(bytes(entry.asnumpy().astype(np.uint8)).decode())
