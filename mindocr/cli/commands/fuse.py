"""``mindocr fuse``."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the checkpoint, the one to write, and the image to compare on."""
    add = parser.add_argument
    add("--checkpoint", required=True, metavar="FILE", help="checkpoint of a network with branches, or its folder")
    add("--output", required=True, metavar="FILE", help="checkpoint to write: .ckpt or .safetensors")
    add("-c", "--config", metavar="YAML", help="its configuration; default: the settings stored in the checkpoint")
    add("--image", metavar="FILE", help="image on which both forms are compared; default: a drawn one")


def run(args: argparse.Namespace) -> None:
    """Write the fused form, and print the largest difference."""
    from mindocr.engine.export.fused_form import fuse_file
    from mindocr.utils.logs import start_logging

    start_logging()
    print(fuse_file(args.checkpoint, args.output, config=args.config, image=args.image).summary())
