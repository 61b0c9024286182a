"""The table of small detectors, with one released file that is compared with itself and with another one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from released import released


@pytest.mark.slow
def test_rows_of_three_files(repo_root, shared_dir):
    data = shared_dir / "data/icdar2015/test"
    first, other = (str(released(f"ch_PP-OCRv{version}_det_infer.onnx")) for version in (3, 4))
    command = [sys.executable, "benchmarks/small_detectors.py", "--images", str(data / "images"), "--gt",
               str(data / "gts"), "--n", "8", "--size", "64", "96", "--repeats", "2", "--config",
               "configs/det/ppocr/ppocrv3_det_mobile.yaml", first, first, other]  # fmt: skip
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, env={**os.environ, "GLOG_v": "3"})
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout.splitlines()[-1])
    alone, same, v4 = line["results"]
    assert (line["images"], line["size"]) == (8, [64, 96])
    assert alone["MB"] == round(Path(first).stat().st_size / 1e6, 2) and alone["ms"] > 0
    assert same["f-score"] == alone["f-score"] > 0.2 and same["difference"] == alone["difference"] == [0, 0, 0]
    assert v4["difference"][0] == pytest.approx(v4["f-score"] - alone["f-score"], abs=2e-4)
    assert v4["difference"][1] <= v4["difference"][0] <= v4["difference"][2] and v4["MB"] > alone["MB"]
    assert f"{alone['ms']:9.1f}{alone['f-score']:10.4f}     +0.0000" in done.stdout
