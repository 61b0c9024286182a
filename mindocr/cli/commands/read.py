"""``mindocr read``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mindocr.cli import mindocr_flags
from mindocr.cli.options import positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the images, the weights, and the output folder."""
    add = parser.add_argument
    add("images", nargs="+", help="images, folders of images, or globs")
    add("--weights", default="ppocr-v6-small", metavar="NAME",
        help="released weights: ppocr-v6-small (default), ppocr-v4, ppocr-v3 or ppocr-v2")  # fmt: skip
    add("--offline", action="store_true",
        help="do not download weights that are not on this machine; the same as MINDOCR_OFFLINE=1")  # fmt: skip
    add("--detector", metavar="FILE", help="checkpoint of a detector that replaces that of --weights")
    add("--recogniser", metavar="FILE", help="checkpoint of a recogniser that replaces that of --weights")
    add("--cls_weights", metavar="NAME_OR_FILE",
        help="turn lines that are upside down before they are read: ppocr-cls, or the checkpoint of a direction "
        "classifier (default: lines are read as they are)")  # fmt: skip
    add("--recursive", action="store_true", help="search the subfolders of folders too")
    add("--output", type=Path, metavar="DIR", help="folder for the results and a picture of each image")
    add("--result_format", choices=["jsonl", "labels", "mindocr"], default="jsonl",
        help="jsonl: read_results.jsonl (default); labels: read_results.txt, a label file with the texts; mindocr: "
        "system_results.txt as MindOCR writes it")  # fmt: skip
    mindocr_flags.add_switch(parser, "--visualize_output", "write the pictures (default: True)", default=True)
    add("--drop_score", type=float, default=0.5, help="lines read with a lower confidence are left out (default: 0.5)")
    add("--batch_size", type=positive, default=6, help="crops that the recogniser takes at once (default: 6)")


def run(args: argparse.Namespace) -> int:
    """Read every image."""
    from mindocr.reading.reader import TextReader
    from mindocr.reading.run import read_images
    from mindocr.reading.weights import forbid_network
    from mindocr.utils.logs import start_logging

    start_logging()
    if args.offline:
        forbid_network()
    reader = TextReader(
        args.weights, detector=args.detector, recogniser=args.recogniser, classifier=args.cls_weights,
        drop_score=args.drop_score, batch_size=args.batch_size,
    )  # fmt: skip
    return read_images(
        reader, args.images, sys.stdout, args.output, form=args.result_format, draw=args.visualize_output,
        recursive=args.recursive,
    )  # fmt: skip
