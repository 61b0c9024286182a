"""``mindocr prune``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.cli.named_weights import find_named
from mindocr.cli.options import add_config, positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the weights, the recipe, how much to remove, and where the results go."""
    add = parser.add_argument
    add("--ckpt", required=True, metavar="FILE|NAME", help="checkpoint of a trained detector, or released weights")
    add_config(parser, required=False)
    amount = parser.add_mutually_exclusive_group(required=True)
    amount.add_argument("--ratio", type=float, metavar="SHARE",
                        help="remove this share of the channels of every layer that can lose some")  # fmt: skip
    amount.add_argument("--max_loss", type=float, metavar="LOSS",
                        help="remove from each layer what it can lose alone for this loss of the score on "
                        "eval.dataset, such as 0.02")  # fmt: skip
    add("--number", type=positive, default=100, metavar="N", help="with --max_loss: most images to evaluate on (100)")
    add("--multiple", type=positive, default=1, metavar="N", help="round numbers of channels up to a multiple of N (1)")
    add("--output", type=Path, default=Path("pruned"), metavar="DIR", help="folder for all files (pruned)")


def run(args: argparse.Namespace) -> None:
    """Prune, and print the sizes before and after."""
    from mindocr.engine.prune.run import Options
    from mindocr.engine.prune.run import run as prune
    from mindocr.utils.logs import start_logging

    start_logging()
    ckpt, _ = find_named(args.ckpt, "det", "mindspore", "--ckpt")
    options = Options(args.ratio, args.max_loss, args.number, args.multiple, args.opt)
    print(prune(ckpt, args.output, options, args.config).summary())
