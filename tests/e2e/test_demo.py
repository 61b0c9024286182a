"""The demo, small: every step runs, every file is there, the table names them; a failing step ends it with its code."""

import re
import subprocess
import sys

import pytest


def demo(repo_root, *words):
    command = [sys.executable, "tools/demo.py", *map(str, words)]
    return subprocess.run(command, cwd=repo_root, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_small_demo_leaves_everything_it_promises(repo_root, tmp_path):
    out = tmp_path / "demo"
    done = demo(repo_root, "--output_dir", out, "--train", 6, "--test", 3, "-o", "train.max_steps=2")
    assert done.returncode == 0, done.stderr[-2000:]
    table = dict(line.strip("| ").split("|") for line in done.stdout.splitlines() if line.startswith("|"))
    table = {key.strip(): value.strip() for key, value in table.items()}
    assert 0 <= float(table["f-score on test images"]) <= 1
    for name in ("data/preview.jpg", "train/best.ckpt", "train/curves.png", "train/performance.csv", "config.mindir"):
        assert (out / name).stat().st_size > 0, name
    assert len(list((out / "predict").glob("*.png"))) == 3
    assert str(out / "config.mindir") in table["exported model"]
    (difference,) = re.findall(r"largest difference from the network (\S+)", done.stderr)
    assert float(difference) <= 1e-5


def test_a_failing_step_ends_the_demo_with_its_code(repo_root, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = demo(repo_root, "--output_dir", tmp_path / "file" / "demo", "--train", 1, "--test", 1)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
