"""``mindocr unfuse``."""

from __future__ import annotations

import argparse

from mindocr.cli.options import positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the checkpoint, the images, and the checkpoint to write."""
    add = parser.add_argument
    add("--checkpoint", required=True, metavar="FILE", help="checkpoint of a fused network, or its folder")
    add("--images", required=True, metavar="FOLDER",
        help="folder of images like those of the training; of a recogniser, images of single lines")  # fmt: skip
    add("--output", required=True, metavar="FILE", help="checkpoint to write: .ckpt or .safetensors")
    add("-c", "--config", metavar="YAML", help="its configuration; default: the settings stored in the checkpoint")
    add("--number", type=positive, default=200, metavar="N",
        help="most images to use, evenly spaced over the folder (default: 200)")  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Write the form with branches, and print the largest difference."""
    from mindocr.engine.export.fused_form import unfuse_file
    from mindocr.utils.logs import start_logging

    start_logging()
    print(unfuse_file(args.checkpoint, args.images, args.output, config=args.config, number=args.number).summary())
