"""Generate a scene-text detection data set: python tools/make_synthetic.py --output_dir DIR [--help]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import run_tool
from mindocr.synthetic.command import main

if __name__ == "__main__":
    run_tool(main)
