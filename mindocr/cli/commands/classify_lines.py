"""``mindocr classify-lines``."""

from __future__ import annotations

import argparse

from mindocr.cli import mindocr_flags
from mindocr.cli.options import add_runtime
from mindocr.cli.single_lines import add_images, add_results, predict_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the images, the classifier, the output folder, and MindOCR's flags."""
    add_images(parser)
    add = parser.add_argument
    add("--weights", default="ppocr-cls", metavar="NAME", help="released weights: ppocr-cls (default)")
    add("--classifier", "--cls_model_dir", metavar="FILE", help="checkpoint that replaces --weights")
    add_runtime(parser)
    add_results(parser, "classify-lines", "cls")


def run(args: argparse.Namespace) -> int:
    """Classify every image; returns 1 if images were left out."""
    from mindocr.inference.classifier import TextClassifier
    from mindocr.inference.runner import given
    from mindocr.reading.weights import find_weights
    from mindocr.utils.logs import start_logging

    start_logging()
    mindocr_flags.warn_ignored(args, "mindocr classify-lines takes its network from --weights or a checkpoint")
    model = args.classifier or find_weights(args.weights, "cls", **given(args.runtime, None))
    return predict_lines(args, TextClassifier(model, **given(args.runtime, args.threads)))
