"""The demo, small: every step runs, every file is there, the table names them; a failing step ends it with its code."""

import re
import subprocess
import sys

import cv2
import pytest


def demo(repo_root, *words, script="demo"):
    command = [sys.executable, f"tools/{script}.py", *map(str, words)]
    return subprocess.run(command, cwd=repo_root, capture_output=True, text=True, check=False)


def table_of(done):
    assert done.returncode == 0, done.stderr[-2000:]
    table = dict(line.strip("| ").split("|") for line in done.stdout.splitlines() if line.startswith("|"))
    return {key.strip(): value.strip() for key, value in table.items()}


@pytest.mark.slow
def test_a_small_demo_leaves_everything_it_promises(repo_root, tmp_path):
    out = tmp_path / "demo"
    table = table_of(done := demo(repo_root, "--output_dir", out, "--train", 6, "--test", 3, "-o", "train.max_steps=2"))
    assert 0 <= float(table["f-score on test images"]) <= 1
    for name in ("data/preview.jpg", "train/best.ckpt", "train/curves.png", "train/performance.csv", "config.mindir"):
        assert (out / name).stat().st_size > 0, name
    assert len(list((out / "predict").glob("*.png"))) == 3
    assert str(out / "config.mindir") in table["exported model"]
    (difference,) = re.findall(r"largest difference from the network (\S+)", done.stderr)
    assert float(difference) <= 1e-5


@pytest.mark.slow
def test_a_small_demo_of_reading_leaves_everything_it_promises(repo_root, tmp_path):
    out = tmp_path / "demo"
    small = ["train.max_steps=2", "train.dataset.number=8", "train.loader.batch_size=4", "train.loader.num_workers=0"]
    done = demo(repo_root, "--output_dir", out, "--test", 7, "-o", *small, script="demo_read")
    table = table_of(done)
    assert 0 <= float(table["lines read right, unseen"]) <= 1
    for row, name in {
        "training curves": "train/curves.png",
        "generated lines, labels": "data/preview.jpg",
        "lines and what was read": "read.png",
        "exported model": "best.onnx",
        "its certificate": "best.onnx.html",
    }.items():
        assert table[row] == str(out / name) and (out / name).stat().st_size > 0
    assert len((out / "read/rec_results.txt").read_text(encoding="utf-8").splitlines()) == 7
    assert cv2.imread(str(out / "read.png")).shape == (2 * (32 + 24), 5 * 240, 3)
    (difference,) = re.findall(r"largest difference from the network (\S+)", done.stderr)
    assert float(difference) <= 1e-4


@pytest.mark.parametrize("script", ["demo", "demo_read"])
def test_a_failing_step_ends_the_demo_with_its_code(repo_root, tmp_path, script):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = demo(repo_root, "--output_dir", tmp_path / "file" / "demo", "--test", 1, script=script)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
