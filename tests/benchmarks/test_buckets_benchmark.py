"""The benchmark of shape buckets, on real photographs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from released import released


@pytest.mark.slow
def test_two_photographs_in_two_sizes_each(repo_root, shared_dir, tmp_path):
    """MindSpore with one bucket finds what onnxruntime finds at the photographs' own sizes."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    weights = tmp_path / "weights/ppocr-v3"
    weights.mkdir(parents=True)
    (weights / "ch_PP-OCRv3_det_infer.onnx").write_bytes(released("ch_PP-OCRv3_det_infer.onnx").read_bytes())
    data = shared_dir / "data/icdar2015/test"
    command = [sys.executable, "benchmarks/buckets.py", "--images", str(data / "images"), "--gt", str(data / "gts"),
               "--runtime", "mindspore", "--own_runtime", "onnxruntime", "--n", "2", "--most", "1", "--seeds", "0",
               "1"]  # fmt: skip
    environment = {**os.environ, "MINDOCR_HOME": str(tmp_path), "PYTHONPATH": str(repo_root)}
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout.splitlines()[-1])
    own, buckets = line["results"]
    assert (line["images"], line["seeds"]) == (2, [0, 1]) and 2 <= line["sizes"] <= 4
    assert own["shapes"] <= 2 and own["padding"] == 0
    assert buckets["shapes"] == 1 and 0 < buckets["padding"] < 0.5
    change, low, high = line["difference"]
    assert low <= change <= high and own["f-score"] > 0.1
    assert line["same polygons"] > 0.8
