"""Convert a published data set's annotations to our label file."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mindocr.config.cli import run_tool
from mindocr.formats import datasets


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, convert, print what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset_name", required=True, help=f"one of: {', '.join(datasets.names())}")
    parser.add_argument("--task", default="det", help="det (text detection)")
    parser.add_argument("--image_dir", required=True, type=Path, help="folder with the images")
    parser.add_argument("--label_dir", required=True, type=Path, help="folder or file with the annotations")
    parser.add_argument("--output_path", type=Path, help="label file to write; default: beside label_dir")
    parser.add_argument("--path_mode", default="relative", choices=("relative", "abs"), help="paths in the label file")
    parser.add_argument("--split", help="part of the data set (cocotext, textocr, svt, ccpd)")
    parser.add_argument("--box_mode", default="xywh", choices=("xywh", "xyxy"), help="scut_foru: what its numbers are")
    parser.add_argument("--drop_empty", action="store_true", help="leave out images without a text that counts")
    parser.add_argument("--strict", action="store_true", help="stop at a defect, such as a missing image")
    args = parser.parse_args(argv)
    print(datasets.convert(**vars(args)))


if __name__ == "__main__":
    run_tool(main)
