"""Bring labels from an annotation tool into a label file, or the other way."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mindocr.config.cli import run_tool
from mindocr.formats import annotation_tools


def main(argv: list[str] | None = None) -> None:
    """Parse arguments, import or export, print what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("direction", choices=("import", "export"), help="into a label file, or out of one")
    parser.add_argument("--format", required=True, help=f"one of: {', '.join(annotation_tools.names())}")
    parser.add_argument("--image_dir", required=True, type=Path, help="folder with the images")
    parser.add_argument("--label_file", required=True, type=Path, help="our label file")
    parser.add_argument("--other", required=True, type=Path, help="file or folder of the annotation tool")
    parser.add_argument("--layout", default="quads", help="icdar: which text files, such as quads, polygons, ic15, mlt")
    parser.add_argument("--class_names", nargs="*", default=[], help="labelme: labels that are classes, not texts")
    parser.add_argument("--tidy", action="store_true", help="import: turn polygons clockwise, mend invalid ones")
    parser.add_argument("--strict", action="store_true", help="import: stop at a defect, such as a missing image")
    args = parser.parse_args(argv)
    options = annotation_tools.Options(args.layout, args.class_names)
    common = (args.format, args.image_dir)
    if args.direction == "export":
        print(annotation_tools.export_labels(*common, args.label_file, args.other, options))
    else:
        print(
            annotation_tools.import_labels(
                *common, args.other, args.label_file, options, strict=args.strict, tidy=args.tidy
            )
        )


if __name__ == "__main__":
    run_tool(main)
