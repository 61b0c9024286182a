"""``mindocr verify``."""

from __future__ import annotations

import argparse
import logging

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the exported file, and the user's images of its certificate."""
    add = parser.add_argument
    add("file", metavar="FILE", help="file that 'mindocr export' wrote; those ending in .json and .npz stand beside it")
    add("--images", metavar="FOLDER", help="folder of the images given to 'mindocr export --verify_images'")


def run(args: argparse.Namespace) -> int:
    """Print the comparison; returns 1 if the file does not compute what its checkpoint did."""
    from mindocr.inference.certificate import table
    from mindocr.inference.verify import verify
    from mindocr.utils.logs import start_logging

    start_logging()
    verified = verify(args.file, args.images)
    print(table(verified.certificate))
    if verified.absent:
        logger.warning("not at hand, so not compared: %s; give their folder as --images", ", ".join(verified.absent))
    if verified.other_inputs:
        logger.warning(
            "%s: decoding or resizing gives other pixels here than where the file was exported, which may explain "
            "differences", ", ".join(verified.other_inputs),
        )  # fmt: skip
    holds = verified.certificate.holds()
    print(f"{args.file}: {'computes' if holds else 'DOES NOT COMPUTE'} what its checkpoint did")
    return 0 if holds else 1
