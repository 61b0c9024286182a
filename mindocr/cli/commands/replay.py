"""``mindocr replay``."""

from __future__ import annotations

import argparse

from mindocr.cli.options import add_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the capsule, and a configuration to use instead of the one that it holds."""
    add_config(parser, required=False)
    parser.add_argument("capsule", metavar="CAPSULE", help="folder that a failed run wrote, CKPT_SAVE_DIR/capsules/...")


def run(args: argparse.Namespace) -> None:
    """Repeat the step and print which value overflowed."""
    from mindocr.engine.diagnose.failed_step import replay

    replay.run(args.capsule, args.config, args.opt)
