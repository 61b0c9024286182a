"""``mindocr read-lines``."""

from __future__ import annotations

import argparse

from mindocr.cli import mindocr_flags
from mindocr.cli.options import positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the images, the recogniser, the output folder, and MindOCR's flags."""
    add = parser.add_argument
    add("--image_dir", required=True, help="image of one line, folder of images, or glob")
    add("--recursive", action="store_true", help="search the subfolders of --image_dir too")
    add("--weights", default="ppocr-v6-small", metavar="NAME",
        help="released weights: ppocr-v6-small (default), ppocr-v4 or ppocr-v3")  # fmt: skip
    add("--recogniser", "--rec_model_dir", metavar="FILE", help="checkpoint that replaces --weights")
    add("--output", "--draw_img_save_dir", default="./inference_results", metavar="DIR",
        help="folder for rec_results.txt, rec_results.json, pictures (default: ./inference_results)")  # fmt: skip
    mindocr_flags.add_switch(parser, "--visualize_output", "write a picture of each image (default: True)")
    add("--batch_size", "--rec_batch_num", type=positive, default=6,
        help="images that the recogniser takes at once (default: 6)")  # fmt: skip
    mindocr_flags.add_ignored_flags(parser, "read-lines")


def run(args: argparse.Namespace) -> int:
    """Read every image; returns 1 if images were left out."""
    from mindocr.inference import predict
    from mindocr.inference.recogniser import TextRecogniser
    from mindocr.reading.weights import find_weights
    from mindocr.utils.logs import start_logging

    start_logging()
    mindocr_flags.warn_ignored(args, "mindocr read-lines takes network and dictionary from --weights or a checkpoint")
    recogniser = TextRecogniser(args.recogniser or find_weights(args.weights, "rec"))
    outcome = predict.run(
        recogniser, {"data_dir": args.image_dir, "recursive": args.recursive}, args.output,
        batch_size=args.batch_size, draw=args.visualize_output is not False,
    )  # fmt: skip
    return outcome.exit_code
