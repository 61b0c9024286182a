"""``mindocr exchange``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.formats import annotation_tools


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the direction, the annotation tool, and both files."""
    add = parser.add_argument
    add("direction", choices=("import", "export"), help="import: to a label file; export: from a label file")
    add("--format", required=True, help=f"one of: {', '.join(annotation_tools.names())}")
    add("--image_dir", required=True, type=Path, help="folder with the images")
    add("--label_file", required=True, type=Path, help="label file of mindocr")
    add("--other", required=True, type=Path, help="file or folder of the annotation tool")
    add("--layout", default="quads", help="icdar: layout of the text files, such as quads, polygons, ic15, mlt")
    add("--class_names", nargs="*", default=[], help="labelme: labels that are classes, not texts")
    add("--image_key", default="", help="label_studio: key of a task that names its image; default: found by its value")
    add(
        "--text_key",
        default="",
        help="coco: key or attribute of the transcription; label_studio: name of the text area",
    )
    add("--tidy", action="store_true", help="import: turn polygons clockwise, repair invalid ones")
    add("--strict", action="store_true", help="import: stop at a defect, such as a missing image")


def run(args: argparse.Namespace) -> None:
    """Import or export, and print a summary."""
    options = annotation_tools.Options(args.layout, args.class_names, args.image_key, args.text_key)
    if args.direction == "export":
        report = annotation_tools.export_labels(args.format, args.image_dir, args.label_file, args.other, options)
    else:
        report = annotation_tools.import_labels(
            args.format, args.image_dir, args.other, args.label_file, options, strict=args.strict, tidy=args.tidy
        )
    print(report)
