"""``mindocr replay``."""

from __future__ import annotations

import argparse

from mindocr.cli.options import add_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The capsule, and a configuration other than the one it holds."""
    add_config(parser, required=False)
    parser.add_argument("capsule", metavar="CAPSULE", help="folder that a failed run wrote, CKPT_SAVE_DIR/capsules/...")


def run(args: argparse.Namespace) -> None:
    """Repeat the step and print the explanation."""
    from mindocr.engine.diagnose.failed_step import replay

    replay.run(args.capsule, args.config, args.opt)
