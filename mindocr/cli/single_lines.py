"""Options that commands on images of single lines share."""

from __future__ import annotations

import argparse
from typing import Any

from mindocr.cli import mindocr_flags
from mindocr.cli.options import positive


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add the options of the images."""
    parser.add_argument("--image_dir", required=True, help="image of one line, folder of images, or glob")
    parser.add_argument("--recursive", action="store_true", help="search the subfolders of --image_dir too")


def add_results(parser: argparse.ArgumentParser, command: str, prefix: str) -> None:
    """Add the options of the results, of batches, and MindOCR's flags without an effect.

    Args:
        command: name of the command in the table of flags.
        prefix: of the results files and of MindOCR's flags, such as ``rec``.
    """
    add = parser.add_argument
    add("--output", "--draw_img_save_dir", default="./inference_results", metavar="DIR",
        help=f"folder for {prefix}_results.txt and .json, and pictures (default: ./inference_results)")  # fmt: skip
    mindocr_flags.add_switch(parser, "--visualize_output", "write a picture of each image (default: True)")
    add("--batch_size", f"--{prefix}_batch_num", type=positive, default=6,
        help="images that the network takes at once (default: 6)")  # fmt: skip
    mindocr_flags.add_ignored_flags(parser, command)


def predict_lines(args: argparse.Namespace, predictor: Any) -> int:
    """Predict every image and write the results; returns 1 if images were left out."""
    from mindocr.inference import predict

    outcome = predict.run(
        predictor, {"data_dir": args.image_dir, "recursive": args.recursive}, args.output,
        batch_size=args.batch_size, draw=args.visualize_output is not False,
    )  # fmt: skip
    return outcome.exit_code
