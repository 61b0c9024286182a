"""``mindocr convert``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.formats import datasets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the data set, its folders, and the label file to write."""
    add = parser.add_argument
    add("--dataset_name", required=True, help=f"one of: {', '.join(datasets.names())}")
    add("--task", default="det", help="det (text detection)")
    add("--image_dir", required=True, type=Path, help="folder with the images")
    add("--label_dir", required=True, type=Path, help="folder or file with the annotations")
    add("--output_path", type=Path, help="label file to write; default: next to label_dir")
    add("--path_mode", default="relative", choices=("relative", "abs"), help="image paths in the label file")
    add("--split", help="part of the data set (cocotext, textocr, svt, ccpd)")
    add("--box_mode", default="xywh", choices=("xywh", "xyxy"), help="scut_foru: meaning of the four numbers of a box")
    add("--drop_empty", action="store_true", help="leave out images with no text or only ignored texts")
    add("--min_text_width", type=float, default=0.0, metavar="FRACTION",
        help="leave out texts narrower than this fraction of the image width")  # fmt: skip
    add("--image_names", metavar="REGEX", help="keep only images whose name, without its ending, matches")
    add("--strict", action="store_true", help="stop at a defect, such as a missing image")


def run(args: argparse.Namespace) -> None:
    """Convert, and print a summary."""
    report = datasets.convert(
        args.dataset_name, args.image_dir, args.label_dir, args.output_path, task=args.task, path_mode=args.path_mode,
        split=args.split, box_mode=args.box_mode, drop_empty=args.drop_empty, strict=args.strict,
        min_text_width=args.min_text_width, image_names=args.image_names,
    )  # fmt: skip
    print(report)
