"""``mindocr eval``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.cli.options import add_buckets, add_config, add_views, views_of
from mindocr.engine.runtime import modelarts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: ``-c``, ``-o``, those of ModelArts and those of the report."""
    add_config(parser)
    modelarts.add_flags(parser)
    add = parser.add_argument
    add(
        "--report", type=Path, metavar="DIR", help="folder for report.html: missed texts, false positives, their causes"
    )
    add("--report_images", type=int, metavar="N", help="number of images shown in the report, worst first")
    add_views(parser)
    add_buckets(parser)


def run(args: argparse.Namespace) -> None:
    """Evaluate the checkpoint that ``eval.ckpt_load_path`` names."""
    from mindocr.engine.evaluate import evaluator

    source, views = (args.config, args.opt), views_of(args)
    modelarts.run_job(
        args,
        lambda config: evaluator.run(config, args.report, args.report_images, source, views, args.buckets),
        "eval.ckpt_load_path",
        "eval",
    )
