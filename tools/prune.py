"""Runs ``mindocr prune`` from a checkout, without an installed package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from mindocr.cli.main import run_alias

if __name__ == "__main__":
    run_alias("prune")
