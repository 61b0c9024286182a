"""The load on the service, in small: bright pixels are text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "inference"))

pytestmark = pytest.mark.slow


def test_no_request_is_lost(repo_root: Path, tmp_path: Path) -> None:
    for module in ("fastapi", "onnx", "onnxruntime"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    from bright_is_text import write
    from onnx_files import write_bright_is_text

    for i in range(2):
        write(tmp_path / f"images/{i}.png", box=(100, 60, 300 + 50 * i, 120))
    model = write_bright_is_text(tmp_path / "bright.onnx", metadata={"model": "dbnet_resnet50"})
    command = [sys.executable, "benchmarks/serve.py", "--images", str(tmp_path / "images"), "--requests", "6"]
    command += ["--at_once", "3", "--compare", "--", "--model", str(model), "--queue", "2"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout.splitlines()[-1])
    numbers = {key: line[key] for key in ("requests", "lost", "texts", "different", "exit_code", "at_once")}
    assert numbers == {"requests": 6, "lost": 0, "texts": 6, "different": 0, "exit_code": 0, "at_once": 3}
    assert 0 < line["median_s"] <= line["p95_s"] <= line["slowest_s"] and line["peak_mb"] > 20
