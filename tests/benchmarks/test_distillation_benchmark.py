"""The table of the benchmark of distillation, and its mistakes; its runs are those of any training."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def benchmark(repo_root: Path) -> Any:
    spec = importlib.util.spec_from_file_location("distillation", repo_root / "benchmarks/distillation.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(recipe: str, seed: int, score: float) -> dict[str, Any]:
    return {"recipe": recipe, "seed": seed, "recall": 0.5, "precision": 0.6, "f-score": score, "loss": 4 * score,
            "seconds": 61.4}  # fmt: skip


def test_mean_and_deviation_over_the_seeds(benchmark: Any) -> None:
    rows = [row("alone", 1, 0.2), row("taught", 1, 0.5), row("alone", 2, 0.4), row("taught", 2, 0.5)]
    found = benchmark.summary(rows)
    assert found["alone"] == pytest.approx({"mean": 0.3, "std": 0.1, "loss": 1.2})
    assert found["taught"] == pytest.approx({"mean": 0.5, "std": 0.0, "loss": 2.0})
    table = benchmark.as_table(rows)
    assert "| taught | 1 | 0.5000 | 0.6000 | 0.5000 | 2.000 | 61 |" in table
    assert "| alone | all | | | 0.3000 ± 0.1000 | 1.200 | |" in table


def test_without_a_teacher(repo_root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "benchmarks/distillation.py", "--data_root", str(tmp_path), "--teacher", "none.ckpt"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "none.ckpt: no such file or folder; 'make demo' makes images" in done.stderr
