"""``mindocr train``."""

from __future__ import annotations

import argparse
import shlex

from mindocr.cli.invocation import program
from mindocr.cli.options import add_config, positive
from mindocr.cli.released_weights import with_released_weights
from mindocr.engine.runtime import modelarts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: ``-c``, ``-o``, those of ModelArts and ``--profile-data``."""
    add_config(parser)
    modelarts.add_flags(parser)
    parser.add_argument(
        "--profile-data", type=positive, nargs="?", const=200, metavar="IMAGES",
        help="do not train: measure each op of the input pipeline on this many images (200) and suggest changes",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Train, or measure the input pipeline."""
    from mindocr.engine.train import data_profile, trainer
    from mindocr.engine.train.next_commands import Started

    if args.profile_data:
        modelarts.run_job(args, lambda config: data_profile.run(config, args.profile_data), "model.pretrained", "train")
    else:
        typed = tuple(shlex.split(args.command_line)[2:])
        started = Started(program("train"), program("eval"), program("predict"), typed)
        modelarts.run_job(
            args, lambda config: trainer.run(with_released_weights(config), started), "model.pretrained", "train"
        )
