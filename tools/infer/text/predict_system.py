"""Runs ``mindocr read`` from a checkout as MindOCR's tool does: the results are ``system_results.txt``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from mindocr.cli.main import run_alias

if __name__ == "__main__":
    run_alias("read", ["--output", "./inference_results", "--result_format", "mindocr"])
