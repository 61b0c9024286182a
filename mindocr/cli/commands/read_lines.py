"""``mindocr read-lines``."""

from __future__ import annotations

import argparse

from mindocr.cli import mindocr_flags
from mindocr.cli.options import add_runtime
from mindocr.cli.single_lines import add_images, add_results, predict_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the images, the recogniser, the output folder, and MindOCR's flags."""
    add_images(parser)
    add = parser.add_argument
    add("--weights", default="ppocr-v6-small", metavar="NAME",
        help="released weights: ppocr-v6-small (default), ppocr-v4, ppocr-v3 or ppocr-v2")  # fmt: skip
    add("--recogniser", "--rec_model_dir", metavar="FILE", help="checkpoint that replaces --weights")
    add_runtime(parser)
    add_results(parser, "read-lines", "rec")


def run(args: argparse.Namespace) -> int:
    """Read every image; returns 1 if images were left out."""
    from mindocr.inference.recogniser import TextRecogniser
    from mindocr.inference.runner import given
    from mindocr.reading.weights import find_weights
    from mindocr.utils.logs import start_logging

    start_logging()
    mindocr_flags.warn_ignored(args, "mindocr read-lines takes its network from --weights or a checkpoint")
    model = args.recogniser or find_weights(args.weights, "rec", **given(args.runtime, None))
    return predict_lines(args, TextRecogniser(model, **given(args.runtime, args.threads)))
