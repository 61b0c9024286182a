"""``mindocr export-centers``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.cli.options import add_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: ``-c``, ``-o`` and the file to write."""
    add_config(parser)
    parser.add_argument("--output", required=True, type=Path, metavar="FILE", help="file of centers to write: .npz")


def run(args: argparse.Namespace) -> None:
    """Write the centers of the checkpoint that ``eval.ckpt_load_path`` names, and print how many there are."""
    from mindocr.config import load_config
    from mindocr.engine.evaluate import class_centers
    from mindocr.utils.logs import start_logging

    start_logging()
    print(class_centers.run(load_config(args.config, args.opt, "export-centers"), args.output).summary())
