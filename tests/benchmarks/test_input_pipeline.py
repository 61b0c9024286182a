"""The benchmark of the input pipeline runs and prints what its page says."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from mindocr.formats.label_file import format_label_line

RECIPE = "configs/det/dbnet/db_r50_icdar15.yaml"


@pytest.fixture
def folder(tmp_path):
    lines = []
    for i in range(4):
        noise = np.random.default_rng(i).integers(0, 256, (40, 60, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{i}.jpg"), cv2.resize(noise, (360, 240)))
        text = {"points": [[40, 50], [200, 50], [200, 90], [40, 90]], "transcription": "word"}
        lines.append(format_label_line(f"{i}.jpg", [text]) + "\n")
    (tmp_path / "labels.txt").write_text("".join(lines), encoding="utf-8")
    return tmp_path


def run(repo_root, folder, *options, code=0):
    command = [sys.executable, "benchmarks/input_pipeline.py", "--config", RECIPE, "--data_root", str(folder)]
    command += ["--label_file", "labels.txt", "--data_dir", ".", *options]
    environment = {"PYTHONPATH": str(repo_root), "PATH": ""}
    done = subprocess.run(command, cwd=repo_root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize(("split", "place"), [("train", "device"), ("train", "host"), ("eval", "host")])
def test_one_json_line_with_all_results(repo_root, folder, split, place):
    options = ["--normalize", place] if split == "train" else []
    done = run(repo_root, folder, "--split", split, "--n", "6", "--cache", "ram", "--json", *options)
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    assert result["images"] == 6 and result["split"] == split and result["cache"] == "ram"
    for key in ("images_per_s", "ms_mean", "ms_median", "decode_ms", "peak_rss_mb"):
        assert result[key] > 0
    assert result["normalize"] == place
    assert {"DecodeImage", "DetLabelEncode"} < set(result["ms_per_op"])
    assert ({"NormalizeImage", "ToCHWImage"} < set(result["ms_per_op"])) == (place == "host")
    # the sum of the ops explains the time of an image
    assert 0.5 < sum(result["ms_per_op"].values()) / result["ms_mean"] <= 1.02


def test_table_for_people(repo_root, folder):
    *table, line = run(repo_root, folder, "--n", "2").stdout.splitlines()
    assert any(row.startswith("sampling pixels ") for row in table) and json.loads(line)["images"] == 2


def test_sources_of_images(repo_root, folder):
    *table, line = run(repo_root, folder, "--n", "3", "--sources").stdout.splitlines()
    rows = json.loads(line)["sources"]
    assert [row[:22].strip() for row in table[-4:]] == list(rows) and len(rows) == 4
    assert rows["files"]["speed"] == 1 and all(row["ms"] > 0 for row in rows.values())
    assert rows["MindRecord"]["read_ms"] > rows["cache: ram, decoded"]["read_ms"]


def test_with_a_worker(repo_root, folder):
    result = json.loads(run(repo_root, folder, "--n", "4", "--workers", "1", "--split", "eval", "--json").stdout)
    assert result["images_per_s"] > 0 and result["used_workers"] == 1


def test_mistakes_are_told_without_a_traceback(repo_root, folder):
    assert "--peer no_such_python: cannot be started" in run(
        repo_root, folder, "--n", "1", "--peer", "no_such_python", code=2
    ).stderr  # fmt: skip
    broken = run(repo_root, folder, "--n", "1", "--peer", sys.executable, code=2).stderr
    assert f"--peer {sys.executable}: MindOCR's transforms do not run there" in broken
    assert "--n: expected 1 image or more, got 0" in run(repo_root, folder, "--n", "0", code=2).stderr
