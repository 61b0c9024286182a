"""``mindocr show-checkpoint``."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the argument: the files."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="checkpoints, .ckpt or .safetensors")


def run(args: argparse.Namespace) -> None:
    """Print a description of each file."""
    from mindocr.engine.train.checkpoint_info import describe_file

    for file in args.files:
        print(describe_file(file))
