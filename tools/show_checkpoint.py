"""Show what is in a checkpoint and what made it: python tools/show_checkpoint.py FILE ..."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import run_tool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="checkpoints, .ckpt or .safetensors")
    args = parser.parse_args()

    from mindocr.engine.train.checkpoint_info import describe_file

    for file in args.files:
        print(describe_file(file))


if __name__ == "__main__":
    run_tool(main)
