"""Origin of a checkpoint: configuration, data, versions, command. Stored with the weights, compared when resuming."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Mapping
from typing import Any

import cv2
import mindspore as ms
import numpy as np

import mindocr
from mindocr.config import Config
from mindocr.engine.runtime.process import Runtime
from mindocr.utils import files

# Output folders, loggers and resuming do not change the result of a run.
_PLACES = (
    "train.resume", "train.ckpt_save_dir", "train.loggers", "train.tensorboard", "eval.ckpt_load_path", "predict",
)  # fmt: skip


def describe(config: Config, place: Runtime, dataset: Any) -> dict[str, Any]:
    """All that is known about a run before it begins, in JSON types.

    Args:
        dataset: the training data; its label files are read again, for their checksums.
    """
    values = json.loads(json.dumps(config.model_dump()))
    return {
        "command": [sys.executable, *sys.argv],
        "started": time.strftime("%Y-%m-%d %H:%M:%S"),
        "versions": {
            "mindocr": mindocr.__version__,
            "mindspore": ms.__version__,
            "numpy": np.__version__,
            "opencv": cv2.__version__,
            "python": platform.python_version(),
        },
        "device": place.device,
        "ranks": place.world,
        "seed": config.system.seed,
        "config_sha256": hash_of(values),
        "config": values,
        "data": describe_data(dataset),
    }


def describe_data(dataset: Any) -> dict[str, Any]:
    """Number of images, and SHA-256 of each label file and of all together."""
    hashes = dataset.label_hashes() if hasattr(dataset, "label_hashes") else {}
    return {"images": len(dataset), "label_files": hashes, "sha256": hash_of([len(dataset), *hashes.values()])}


def hash_of(value: Any) -> str:
    """SHA-256 of a value that JSON can hold; the order of keys does not matter. Keys of ``_PLACES`` are left out."""
    if isinstance(value, Mapping):
        value = {key: each for key, each in flatten(value).items() if not key.startswith(_PLACES)}
    return files.hash_bytes(json.dumps(value, sort_keys=True).encode())


def flatten(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, f"{above}{key}."))
        else:
            flat[f"{above}{key}"] = value
    return flat


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Differences of a resumed run from the run that it continues, one line each."""
    old, new = flatten(before["config"]), flatten(now["config"])
    keys = [key for key in sorted(old.keys() | new.keys()) if not key.startswith(_PLACES)]
    lines = [f"{key}: {old.get(key)!r} -> {new.get(key)!r}" for key in keys if old.get(key) != new.get(key)]
    lines += [
        f"{name}: {old_version} -> {now['versions'].get(name)}"
        for name, old_version in before["versions"].items()
        if old_version != now["versions"].get(name)
    ]
    if before["data"]["sha256"] != now["data"]["sha256"]:
        lines.append(f"training data: {before['data']['images']} images, now {now['data']['images']}; "
                     "the label files are not the same")  # fmt: skip
    return lines
