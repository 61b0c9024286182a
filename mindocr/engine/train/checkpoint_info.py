"""Description of a checkpoint as text: complete or damaged, its content, the run that wrote it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindocr.models.ckpt_entries import RUN_ENTRY, STATE_ENTRY, unpack
from mindocr.models.ckpt_format import check_file
from mindocr.models.weights import read_checkpoint


def describe_file(path: str | Path) -> str:
    """Describe one checkpoint in several lines.

    Raises:
        CheckpointError: it is missing, damaged, or no checkpoint.
    """
    path = Path(path).expanduser()
    kind, has_crc = check_file(path)
    entries = read_checkpoint(path)
    about = unpack(entries.pop(RUN_ENTRY)) if RUN_ENTRY in entries else None
    state = unpack(entries.pop(STATE_ENTRY)) if STATE_ENTRY in entries else None
    values = sum(entry.size for entry in entries.values())
    checked = "checksum correct" if has_crc else "complete (it has no checksum)"
    lines = [f"{path}: {kind}, {checked}, {len(entries)} parameters, {values / 1e6:.2f} million values"]
    lines += _state_lines(state) if state else []
    lines += _run_lines(about) if about else ["no information about the run that wrote it"]
    return "\n  ".join(lines)


def _state_lines(state: Mapping[str, Any]) -> list[str]:
    at, keeper = state["ranks"][0]["progress"], state["keeper"]
    best = f"{keeper['best']:.4f} (epoch {keeper['best_epoch']})" if keeper["best"] >= 0 else "none so far"
    return [
        f"state of a run: epoch {at['epoch']}, batch {at['batch']} of {state['batches']}, step {at['steps']}, "
        f"{at['updates']} updates, ranks: {len(state['ranks'])}, best score {best}"
    ]


def _run_lines(about: Mapping[str, Any]) -> list[str]:
    data = about["data"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    return [
        f"started: {about['started']}, on {about['device']}, ranks: {about['ranks']}, seed: {about['seed']}",
        f"command: {shlex.join(about['command'])}",
        f"versions: {versions}",
        f"configuration: sha256 {about['config_sha256']}",
        f"training data: {data['images']} images, sha256 {data['sha256']}",
        *(f"label file: {name}, sha256 {digest}" for name, digest in data["label_files"].items()),
    ]
