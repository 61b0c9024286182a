"""The benchmark of speed, with a program in place of RapidOCR that returns known texts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

FAKE = """
import numpy as np

class Output:
    boxes = np.array([[[0, 0], [60, 0], [60, 20], [0, 20]]], dtype=float)
    txts = ("WAY OUT",)
    def __len__(self): return 1

class RapidOCR:
    def __init__(self, params):
        assert params["EngineConfig.onnxruntime.intra_op_num_threads"] == 3
        assert params["Global.use_cls"] is False
    def __call__(self, path, use_det=True, use_cls=True, use_rec=True):
        assert not use_cls
        return Output()
"""


@pytest.fixture
def photographs(tmp_path) -> Path:
    """Three photographs, and the fake package."""
    (tmp_path / "images").mkdir()
    for name in "abc":
        assert cv2.imwrite(str(tmp_path / f"images/{name}.png"), np.zeros((40, 80, 3), np.uint8))
    package = tmp_path / "site/rapidocr-3.10.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: rapidocr\nVersion: 3.10.0\n", encoding="utf-8")
    (tmp_path / "site/rapidocr.py").write_text(FAKE, encoding="utf-8")
    return tmp_path


def run(repo_root: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "site"), str(repo_root)])}
    command = [sys.executable, "benchmarks/predict.py", "--images", str(folder / "images"), "--weights", *words]
    return subprocess.run(command, cwd=repo_root, capture_output=True, text=True, env=environment)


def test_a_peer_is_measured(repo_root, photographs):
    done = run(repo_root, photographs, "--peers", sys.executable, "--n", "2", "--threads", "3")
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout.splitlines()[-1])
    assert (line["benchmark"], line["images"], line["threads"]) == ("predict", 2, 3)
    detect, read = line["results"]
    assert (detect["task"], read["task"]) == ("detect", "read")
    for row in (detect, read):
        assert (row["name"], row["weights"], row["boxes"]) == ("RapidOCR 3.10.0", "ppocr-v6-small", 2)
        assert row["images/s"] > 0 and 0 < row["first s"] < 60 and row["peak MB"] > 5
    assert (detect["same texts"], read["same texts"], read["same photos"]) == (None, 1.0, 1.0)
    assert done.stdout.splitlines()[0] == "2 photographs, 3 threads, best of 1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [(["--n", "1"], "--n: expected 2 or more, got 1"), (["--threads", "0"], "--threads: expected 1 or more, got 0"),
     (["--peers", "nowhere"], "nowhere: No such file or directory; name the interpreter"),
     (["--peers", "false"], "ended after 0 results: no message")],
)  # fmt: skip
def test_mistakes(repo_root, photographs, words, message):
    done = run(repo_root, photographs, *words)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_agreement_of_texts(repo_root, monkeypatch):
    """The second program reads two of three texts of the first photograph, and one that is not there."""
    monkeypatch.syspath_prepend(repo_root / "benchmarks")
    from predict import with_agreement

    first = {"weights": "w", "task": "read", "texts": [["A", "B", "B"], ["C"]]}
    second = {"weights": "w", "task": "read", "texts": [["A", "B", "X"], ["C"]]}
    rows = with_agreement([first, second])
    assert [(row["same texts"], row["same photos"]) for row in rows] == [(1.0, 1.0), (0.75, 0.5)]
