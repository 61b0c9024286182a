"""The benchmark of reading, with a program in place of RapidOCR that returns known texts."""

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
import types
import numpy as np

class Output:
    boxes = np.array([[[0, 0], [60, 0], [60, 20], [0, 20]]], dtype=float)
    txts = ("WAY OUT",)
    word_results = (
        (("WAY", 0.9, [[0, 0], [28, 0], [28, 20], [0, 20]]), ("OUT", 0.9, [[32, 0], [60, 0], [60, 20], [32, 20]])),
    )
    def __len__(self): return 1

class RapidOCR:
    def __init__(self, params): assert params
    def __call__(self, path, return_word_box): return Output()
"""


@pytest.fixture
def photographs(tmp_path) -> Path:
    """Two photographs, of which only the first has the texts that the fake program finds."""
    for name, texts in (("img_1", ["0,0,28,0,28,20,0,20,Way", "32,0,60,0,60,20,32,20,out"]), ("img_2", [])):
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "gt").mkdir(exist_ok=True)
        assert cv2.imwrite(str(tmp_path / f"images/{name}.png"), np.zeros((40, 80, 3), np.uint8))
        (tmp_path / f"gt/gt_{name}.txt").write_text("\n".join(texts), encoding="utf-8")
    return tmp_path


def run(repo_root: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    sides = ["--images", str(folder / "images"), "--gt", str(folder / "gt")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "site"), str(repo_root)])}
    command = [sys.executable, "benchmarks/read.py", *sides, *words]
    return subprocess.run(command, cwd=repo_root, capture_output=True, text=True, env=environment)


def test_levels_of_a_peer_are_scored(repo_root, photographs):
    package = photographs / "site/rapidocr-3.10.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: rapidocr\nVersion: 3.10.0\n", encoding="utf-8")
    (photographs / "site/rapidocr.py").write_text(FAKE, encoding="utf-8")
    words = "--weights", "--peers", sys.executable, "--output", str(photographs / "out")
    done = run(repo_root, photographs, *words)
    line = json.loads(done.stdout.splitlines()[-1])
    assert (line["benchmark"], line["images"]) == ("read", 2), done.stderr
    rows = {row["level"]: row for row in line["results"]}
    assert rows["line"]["name"] == "RapidOCR 3.10.0" and rows["line"]["weights"] == "ppocr-v6-small"
    assert [rows["line"][name] for name in ("detection", "end to end", "word spotting")] == [0, 0, 0]
    assert [rows["word"][name] for name in ("detection", "end to end")] == [0.6667, 0.6667]  # recall 1, precision 1/2
    assert len(list((photographs / "out").glob("*.jsonl"))) == 2
    first = run(repo_root, photographs, *words, "--n", "1", "--json")
    assert {row["level"]: row["detection"] for row in json.loads(first.stdout)["results"]} == {"line": 0, "word": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [(["--n", "0"], "--n: expected 1 photograph or more, got 0"),
     (["--weights", "--peers", "nowhere"], "--peers nowhere: No such file or directory"),
     (["--weights", "--peers", "false"], "--peers: RapidOCR ended at false")],
)  # fmt: skip
def test_mistakes(repo_root, photographs, words, message):
    done = run(repo_root, photographs, *words)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
