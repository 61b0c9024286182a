"""The benchmark of Enhanced CTC trains each kind of variant and prints what its page says."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_a_few_steps_of_the_kinds(repo_root, tmp_path):
    # No network reads a line after two steps, so there are no centers yet.
    command = [sys.executable, "benchmarks/enhanced_ctc.py", "--first", "2", "--steps", "2", "--seeds", "0"]
    command += ["--lines", "8", "4", "--variants", "ctc", "nrtr", "--batch", "4", "--width", "0.125"]
    command += ["--folder", str(tmp_path)]
    environment = {"PYTHONPATH": str(repo_root), "PATH": "", "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=repo_root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert set(result["accuracy"]) == {"ctc", "nrtr"} and set(result["gain"]) == {"nrtr"}
    assert "mean gain" in done.stdout


def test_labels_need_a_dictionary(repo_root):
    command = [sys.executable, "benchmarks/enhanced_ctc.py", "--train", "a.txt"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "--train, --test and --dictionary belong together" in done.stderr
