"""``mindocr eval``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.cli.options import add_config
from mindocr.engine.runtime import modelarts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``-c``, ``-o``, ModelArts' flags and those of the report."""
    add_config(parser)
    modelarts.add_flags(parser)
    parser.add_argument("--report", type=Path, metavar="DIR", help="folder for report.html: what is missed, and why")
    parser.add_argument("--report_images", type=int, metavar="N", help="number of images shown there, worst first")


def run(args: argparse.Namespace) -> None:
    """Evaluate the checkpoint that ``eval.ckpt_load_path`` names."""
    from mindocr.engine.evaluate import evaluator

    modelarts.run_job(
        args, lambda config: evaluator.run(config, args.report, args.report_images), "eval.ckpt_load_path"
    )
